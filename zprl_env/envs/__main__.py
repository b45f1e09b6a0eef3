"""List the environments: ``python -m zprl_env.envs``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from policies.commands.page import columns, fold
from zprl_env import cli
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.tasks import TASKS, Task

COLUMNS = ("name", "policy's success", "obs", "act", "limit", "expert", "id")
"""Columns, the ones that matter most first."""
NUMBERS = {"obs", "act", "limit"}
"""Columns of numbers."""
WIDEST = 120
"""Width of the table where there is no terminal, as in a pipe."""
LEGEND = (
    "success: of the shipped policy on held-out episodes, with a Wilson 95 % interval. "
    "obs, act: sizes of observation and action. limit: steps until an episode is cut off. "
    "expert: a script can record demonstrations. id: for gym.make, in a wide terminal. "
    "Suites' own names, such as PickPlaceCan, are understood as well."
)


class Row(NamedTuple):
    """A task's row."""

    suite: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """List every environment: sizes, time limit, expert, shipped policy.

    The success is that of the shipped policy over its held-out episodes, with a Wilson 95 %
    interval.
    """

    suite: Literal["robosuite", "metaworld", "adroit", "real"] | None = None
    """Suite to list; all if not given."""


def success(task: Task) -> str:
    """Say how well a task's shipped policy does; empty if none is shipped.

    >>> success(TASKS["Lift"])
    '0.50 [0.43, 0.57]'
    """
    folder = shipped_policies().get(task.slug)
    if folder is None:
        return ""
    measured = folder / "evaluation.json"
    if not measured.exists():
        return "not measured"
    result = json.loads(measured.read_text(encoding="utf-8"))
    low, high = result["wilson_95"]
    return f"{result['success_rate']:.2f} [{low:.2f}, {high:.2f}]"


def rows(suite: str | None) -> list[Row]:
    """Return the table's rows, by suite.

    Args:
        suite: The only one to list; all if None.
    """
    found = []
    for name, task in TASKS.items():
        if suite in (None, task.suite):
            sizes = (task.observation_dim, task.action_dim, task.max_episode_steps)
            cells = (name, success(task), *map(str, sizes), "yes" if task.expert else "", task.id)
            found.append(Row(task.suite, cells))
    return found


def table(listed: Sequence[Row], width: int) -> Iterator[str]:
    """Write the table: the columns that the width has room for, none of them cut.

    Args:
        listed: Its rows.
        width: Columns of the terminal.

    Yields:
        Its lines.
    """
    cells = [COLUMNS, *(row.cells for row in listed)]
    widths = [max(len(row[i]) for row in cells) + 2 for i in range(len(COLUMNS))]
    shown = len(COLUMNS)
    while shown > 2 and 2 + sum(widths[:shown]) - 2 > width:
        shown -= 1
    yield _line(COLUMNS[:shown], widths)
    suite = ""
    for row in listed:
        if row.suite != suite:
            suite = row.suite
            yield from ("", f"{suite} ({sum(one.suite == suite for one in listed)})")
        yield _line(row.cells[:shown], widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Write one row, numbers to the right."""
    padded = (
        f"{cell:>{width - 2}}  " if name in NUMBERS else f"{cell:{width}}"
        for name, cell, width in zip(COLUMNS, cells, widths, strict=False)
    )
    return f"  {''.join(padded)}".rstrip()


def show(listing: Listing) -> None:
    """Print the table, and what its columns mean."""
    wide = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = columns() if wide else WIDEST
    for line in table(rows(listing.suite), width):
        print(line)
    print()
    for line in fold(LEGEND, min(width, 100)):
        print(line)


EXAMPLES = ("", "--suite robosuite")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: show(cli.parse(Listing, EXAMPLES)))


if __name__ == "__main__":
    main()
