"""List the environments: ``python -m zprl_env.envs``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from zprl_env import cli
from zprl_env.loading.resolve import shipped_policies
from zprl_env.tasks import TASKS, Task


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


def show(listing: Listing) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "id", "suite", "obs", "act", "limit", "expert", "policy's success")
    for name, task in TASKS.items():
        if listing.suite in (None, task.suite):
            sizes = (task.observation_dim, task.action_dim, task.max_episode_steps)
            expert = "yes" if task.expert else ""
            table.add_row(name, task.id, task.suite, *map(str, sizes), expert, success(task))
    Console(width=None if Console().is_terminal else 120).print(table)


EXAMPLES = ("", "--suite robosuite")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: show(cli.parse(Listing, EXAMPLES)))


if __name__ == "__main__":
    main()
