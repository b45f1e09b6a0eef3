"""Table of deployment: base policy, agent steered before, agent steered on the condition itself."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.studies import find_study
from benchmarks.mismatch.conditions import CONDITIONS, NOMINAL
from benchmarks.tables import markdown


def table(study: str, out: Path = RESULTS) -> str:
    """Draw up base, agent of before and agent of the condition, on the same test episodes.

    Args:
        study: A study with the conditions as variants.
        out: Folder of the results.

    Returns:
        A Markdown table of the conditions that an agent has been played on or trained on.
    """
    head = ["task", "condition", "base", "steered before", "steered on it", "on it - before"]
    rows = []
    plan = find_study(study)
    for task in plan.tasks:
        cells = {
            condition: [Cell(study, task, condition, seed, out) for seed in plan.seeds]
            for condition in CONDITIONS
        }
        kept = {
            condition: {cell.seed: cell.read() for cell in found if cell.finished()}
            for condition, found in cells.items()
        }
        for condition in CONDITIONS:
            before = {
                seed: result["elsewhere"][condition]["successes"]
                for seed, result in kept[NOMINAL].items()
                if condition in result.get("elsewhere", {})
            }
            on_it = {seed: _last(result) for seed, result in kept[condition].items()}
            both = [
                np.mean(on_it[seed]) - np.mean(before[seed]) for seed in on_it if seed in before
            ]
            if before or on_it:
                rows.append(
                    [
                        task,
                        condition,
                        _seeds([_base(one) for one in kept[condition].values()][:1]),
                        _seeds(before.values()),
                        _seeds(on_it.values()),
                        f"{np.mean(both):+.2f} ({len(both)})" if both else "",
                    ]
                )
    return markdown.table(head, rows)


def _last(result: dict[str, Any]) -> list[int]:
    """Return the successes of the agent that a run handed over, on the test episodes."""
    *_, steered = result["results"]["test"].values()
    successes: list[int] = steered["successes"]
    return successes


def _base(result: dict[str, Any]) -> list[int]:
    """Return the successes of the base policy, the better of with and without noise."""
    *bases, _ = result["results"]["test"].values()
    best: list[int] = max((one["successes"] for one in bases), key=sum)
    return best


def _seeds(outcomes: Collection[Any]) -> str:
    """Write down mean success and the seeds' own."""
    rates = [float(np.mean(one)) for one in outcomes]
    if not rates:
        return ""
    own = f" ({', '.join(f'{rate:.2f}' for rate in rates)})" if len(rates) > 1 else ""
    return f"{np.mean(rates):.2f}{own}"
