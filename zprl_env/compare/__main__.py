"""Compare finished runs: table over seeds, paired differences, curves with bands, JSON.

python -m zprl_env.compare runs/Lift
python -m zprl_env.compare runs/Lift/sac/... runs/Lift/crossq/... --out lift
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from tyro.conf import Positional

from policies.checkpoints.output import refuse_overwriting
from zprl_env import cli
from zprl_env.compare.finished import LeftOut, find_finished
from zprl_env.compare.groups import Group, Pair, compare, group
from zprl_env.errors import ZprlError
from zprl_env.files import check_file, write_json
from zprl_env.writing import Writing


@dataclass(frozen=True)
class Comparison:
    """Compare finished runs of train_sb3.py with their base policies and with each other.

    Runs that differ in their seed alone are put together. Every group is compared with the first
    one of its task, on the training seeds and test episodes that both have.
    """

    runs: Positional[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN [RUN ...]")]]
    """Folders of runs, or folders with runs somewhere below."""
    out: Path = Path("compare")
    """Picture and numbers: OUT.png and OUT.json."""
    overwrite: bool = False
    """Write over those of an earlier comparison."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ZprlError("There must be a run to compare. Got: none. Try: runs/")


def compare_runs(settings: Comparison) -> list[Pair]:
    """Compare runs; print a table, write a picture and a file of numbers.

    Args:
        settings: Which.

    Returns:
        The paired differences.

    Raises:
        OverwriteError: Another comparison stands where this one would be written.
        ZprlError: There is no finished run.
    """
    name = settings.out.name.removesuffix(".png").removesuffix(".json")
    picture = settings.out.with_name(f"{name}.png")
    numbers = settings.out.with_name(f"{name}.json")
    for file in (picture, numbers):
        refuse_overwriting(file, settings.overwrite)
        check_file(file)
    runs, left_out = find_finished(settings.runs)
    console = Console()
    for one in left_out:
        console.print(f"Left out: {one.folder}: {one.reason}", markup=False, highlight=False)
    if not runs:
        raise ZprlError(
            f"Expected a finished run (config.json, history.json, results.json) in "
            f"{', '.join(map(str, settings.runs))} or below. Got: none. Runs are kept in runs/."
        )
    groups = group(runs)
    pairs = compare(groups)
    writing = Writing(print)
    write(picture, numbers, groups, pairs, left_out, writing)
    show(groups, pairs, console)
    writing.check()
    print(f"Curves: {picture}. Numbers: {numbers}")
    return pairs


def write(
    picture: Path,
    numbers: Path,
    groups: Sequence[Group],
    pairs: Sequence[Pair],
    left_out: Sequence[LeftOut],
    writing: Writing,
) -> None:
    """Write the picture and the numbers."""
    from zprl_env.compare.picture import draw

    writing(picture.name, lambda: draw(picture, groups))
    content = {
        "groups": [one.to_dict() for one in groups],
        "pairs": [
            pair._asdict() | {"difference": pair.difference and pair.difference._asdict()}
            for pair in pairs
        ],
        "left_out": [{"folder": str(one.folder), "reason": one.reason} for one in left_out],
    }
    writing(numbers.name, lambda: write_json(numbers, content))


def show(groups: Sequence[Group], pairs: Sequence[Pair], console: Console) -> None:
    """Print a table for each task and a sentence for each pair."""
    for task in dict.fromkeys(one.env for one in groups):
        table = Table(
            title=task, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
        )
        table.add_column("")
        table.add_column("runs", overflow="fold")
        table.add_column("seeds", overflow="fold")
        for column in ("base", "steered", "by seed", "env steps"):
            table.add_column(column, justify="right", no_wrap=True)
        for one in (one for one in groups if one.env == task):
            rates = one.rates
            ends = f"{min(rates):.2f} - {max(rates):.2f}" if len(rates) > 1 else ""
            steps = f"{max(run.env_steps for run in one.runs):,}"
            seeds = " ".join(map(str, one.seeds))
            cells = (f"{one.base:.2f}", f"{np.mean(rates):.2f}", ends, steps)
            table.add_row(one.letter, one.label, seeds, *cells)
        console.print(table)
    for pair in pairs:
        console.print(pair.sentence(), markup=False, highlight=False)


EXAMPLES = (
    "runs/Lift/sac runs/Lift/crossq  # all the runs in these folders",
    "runs/a runs/b runs/c --out comparison",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: compare_runs(cli.parse(Comparison, EXAMPLES)))


if __name__ == "__main__":
    main()
