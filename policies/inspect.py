"""Inspect a file of demonstrations: ``python -m policies.inspect FILE``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from policies.checkpoints.output import picture_facts
from policies.checkpoints.pickled import Pickled, read_torch_file, recognise
from policies.checkpoints.whole import replace_file
from policies.commands import parsing, running
from policies.demonstrations import MINARI
from policies.demonstrations.formats.table import open_source
from policies.demonstrations.loading import few
from policies.demonstrations.summary import Summary, saturation, summarise
from policies.errors import DemonstrationError
from policies.pictures.batch import frame_problem
from policies.pictures.frames import contact_sheet, spread

SHEET_EPISODES = 6
"""Episodes on a contact sheet."""
SHOWN_BAD = 20
"""Bad episodes that are shown with their reason."""


def print_summary(summary: Summary, console: Console | None = None) -> None:
    """Print a summary of demonstrations as tables.

    Args:
        summary: What to print.
        console: Where to print.
    """
    console = console or Console()
    lengths, told = summary.lengths, [s for s in summary.successes if s is not None]
    facts = Table("")
    facts.add_column(summary.source, overflow="fold")
    facts.add_row("format", summary.format)
    facts.add_row("episodes", str(summary.episodes))
    rate = f"{sum(told)} of {len(told)} ({np.mean(told):.0%})" if told else "not said"
    facts.add_row("successes", rate)
    facts.add_row(
        "steps",
        f"{lengths.sum()}; {lengths.min()} to {lengths.max()} per episode, "
        f"mean {lengths.mean():.1f}, median {np.median(lengths):.0f}"
        if len(lengths)
        else "none",
    )
    masks = ", ".join(f"{name} ({count})" for name, count in summary.masks.items())
    facts.add_row("masks", masks or "none")
    facts.add_row("observations", "\n".join(f"{k}: {v}" for k, v in summary.observations.items()))
    taken = ", ".join(f"{key} ({size})" for key, size in summary.taken.items())
    facts.add_row("training takes", f"{taken} = {sum(summary.taken.values())}" if taken else "-")
    for key, reason in summary.left_out.items():
        facts.add_row("left out", f"{key}: {reason}")
    for camera, text in summary.cameras.items():
        facts.add_row("camera", f"{camera}: {text}")
    facts.add_row("env_args", json.dumps(dict(summary.env_args)))
    for name, value in summary.remarks.items():
        facts.add_row(name, value if len(value) <= 400 else f"{value[:400]} ...")
    facts.add_row("sha256", summary.sha256)
    for key in summary.taken:
        if " x " in summary.observations.get(key, "") and "uint8" in summary.observations[key]:
            facts.add_row("note", f"training refuses {key}, an image: choose --observation-keys")
    for note in summary.notes:
        facts.add_row("note", note)
    for name, reason in [*summary.bad.items()][:SHOWN_BAD]:
        facts.add_row("bad episode", f"{name}: {reason.removeprefix(f'{name} ')}")
    if summary.bad:
        facts.add_row("", verdict(summary))
    console.print(facts, markup=False)

    if not len(lengths) or not lengths.sum():
        return
    table = Table("action")
    for column in ("mean", "std", "min", "max", "at an end"):
        table.add_column(column, justify="right")
    actions = np.concatenate(summary.actions)
    actions = actions[np.isfinite(actions).all(1)]
    if not len(actions):
        return
    columns = (actions.mean(0), actions.std(0), actions.min(0), actions.max(0))
    for i, share in enumerate(saturation(actions)):
        table.add_row(str(i), *(f"{column[i]:.3f}" for column in columns), f"{share:.1%}")
    console.print(table)


def print_tensors(pickled: Pickled, console: Console | None = None) -> None:
    """Print the tensors of a torch file that holds nothing else.

    Args:
        pickled: The file.
        console: Where to print.

    Raises:
        CheckpointError: It is damaged, or holds none.
    """
    tensors = read_torch_file(pickled.path)
    table = Table("tensor", "shape", "kind", title=f"{pickled.path}: {pickled.format}")
    for name, tensor in tensors.items():
        shape = " x ".join(map(str, tensor.shape)) or "one number"
        table.add_row(name, shape, str(tensor.dtype).removeprefix("torch."))
    (console or Console()).print(table, markup=False)
    (console or Console()).print(
        "policies.checkpoints.pickled.read_torch_file reads it, for a network of your own.",
        markup=False,
    )


def verdict(summary: Summary) -> str:
    """Say what training does with bad episodes."""
    bad, good = len(summary.bad), summary.episodes - len(summary.bad)
    if not good:
        return f"training refuses it: all {bad} episodes are bad"
    return (
        f"training refuses it because of {bad} bad episode{'s' * (bad > 1)} "
        f"({few(summary.bad)}), unless --skip-bad leaves {'them' if bad > 1 else 'it'} out; "
        f"{good} remain"
    )


def draw_summary(summary: Summary, path: Path) -> None:
    """Draw histograms of the episodes' lengths and of every action.

    Args:
        summary: What to draw.
        path: PNG to write.

    Raises:
        DemonstrationError: It cannot be written.
    """
    from matplotlib.figure import Figure

    if not summary.lengths.sum():
        raise DemonstrationError(f"there must be actions to draw. Got: none in {summary.source}.")
    actions = np.concatenate(summary.actions)
    columns = 4
    rows = 1 + -(-actions.shape[1] // columns)
    figure = Figure(figsize=(10.0, 2.1 * rows + 0.6), layout="constrained")
    figure.suptitle(f"{Path(summary.source).name}: {len(summary.lengths)} episodes")
    grid = figure.add_gridspec(rows, columns)

    axes = figure.add_subplot(grid[0, :])
    kinds = (("success", True, "tab:green"), ("failure", False, "tab:red"), ("", None, "tab:blue"))
    bins = np.histogram_bin_edges(summary.lengths, bins=min(30, 2 + len(summary.lengths)))
    drawn = [
        (summary.lengths[[outcome is kind for outcome in summary.successes]], name, colour)
        for name, kind, colour in kinds
        if kind in summary.successes
    ]
    axes.hist(
        [lengths for lengths, _, _ in drawn],
        bins=bins.tolist(),
        stacked=True,
        label=[name for _, name, _ in drawn],
        color=[colour for _, _, colour in drawn],
    )
    axes.set(xlabel="length [steps]", ylabel="episodes")
    if any(name for _, name, _ in drawn):
        axes.legend(fontsize="small")

    for i, values in enumerate(actions.T):
        axes = figure.add_subplot(grid[1 + i // columns, i % columns])
        axes.hist(values[np.isfinite(values)], bins=41, color="tab:gray")
        axes.set_title(f"action {i}", fontsize="small")
        axes.set_yscale("log")
        axes.tick_params(labelsize="x-small", which="both")
    kind = path.suffix.lstrip(".") or "png"
    facts = picture_facts() if kind == "png" else None  # other formats have other names
    content = BytesIO()
    figure.savefig(content, dpi=120, format=kind, metadata=facts)
    try:
        replace_file(Path(path), content.getvalue())
    except OSError as error:
        raise DemonstrationError(f"cannot write the picture {path}: {error}.") from error


def draw_contact_sheet(source: str, path: Path) -> list[str]:
    """Draw frames of some episodes, a row per episode and camera, evenly spread in time.

    Args:
        source: Demonstrations with frames.
        path: PNG to write.

    Returns:
        The episodes that are on it.

    Raises:
        DemonstrationError: There are no frames that can be read, or it cannot be written.
    """
    from PIL import Image

    with open_source(source) as opened:
        names = [opened.names[i] for i in spread(len(opened.names), SHEET_EPISODES)]
        episodes = {}
        for name in names:
            try:
                entries = opened.episode(name).cameras().items()
            except DemonstrationError:
                continue
            fit = {c: e for c, e in entries if not frame_problem(e.shape, e.dtype) and len(e.shape)}
            frames = {c: e.stored() for c, e in fit.items() if e.stored and e.shape[0]}
            if frames:
                episodes[name] = frames
        if not episodes:
            raise DemonstrationError(
                f"there must be frames, uint8 of shape (T, H, W, 3), to draw. Got none: {source}."
            )
        sheet = contact_sheet(episodes)
    try:
        Image.fromarray(sheet).save(path)
    except (OSError, ValueError) as error:
        raise DemonstrationError(f"cannot write the picture {path}: {error}.") from error
    return [*episodes]


@dataclass(frozen=True)
class Inspection:
    """Summarise demonstrations, say what training would refuse, and draw actions and lengths."""

    source: tyro.conf.Positional[str]
    """HDF5 file of robomimic or D4RL, a recording, a folder of ALOHA's episodes or of a
    LeRobotDataset, a .zarr of Diffusion Policy, or minari:ID; or a torch file of plain tensors."""
    out: Path | None = None
    """PNG to draw; beside the file, with .png for its ending, if not given."""
    contact_sheet: Path | None = None
    """PNG of cameras' frames to draw, a row per episode and camera; beside the file, with
    -cameras.png for its ending, if not given. Drawn only where there are frames."""
    env: str | None = None
    """Environment to compare the actions with, a task or a gymnasium id; by default the one that
    the file names, if it is known."""
    skip_bad: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Count only the episodes that can be imitated."""


EXAMPLES = ("demos/lift.hdf5", "minari:D4RL/door/expert-v2 --out door.png")


def main() -> None:
    """Run the command line."""
    running.run(_inspect)


def _inspect() -> None:
    inspection = parsing.parse(Inspection, EXAMPLES)
    if (pickled := recognise(inspection.source)) is not None and pickled.plain:
        print_tensors(pickled)
        return
    summary = summarise(inspection.source, inspection.env, skip_bad=inspection.skip_bad)
    name = inspection.source.removeprefix(MINARI)
    beside = Path(name.replace("/", "-") if name != inspection.source else name)
    out = inspection.out or beside.with_name(f"{beside.stem}.png")
    print_summary(summary)
    if summary.lengths.sum():
        draw_summary(summary, out)
        print(f"drew {out}")
    if summary.cameras:
        sheet = inspection.contact_sheet or beside.with_name(f"{beside.stem}-cameras.png")
        shown = draw_contact_sheet(inspection.source, sheet)
        print(
            f"drew {sheet}: {', '.join(summary.cameras)} of {few(shown)}, from first to last step"
        )
    elif inspection.contact_sheet is not None:
        raise DemonstrationError(
            f"there must be cameras' frames for a contact sheet. Got: none in {inspection.source}."
        )


if __name__ == "__main__":
    main()
