"""Summary of a study: a row per variant, with its differences from the control seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.scores import (
    area,
    bootstrap,
    interquartile_mean,
    lowest,
    rolling,
    steps_to,
)
from benchmarks.matrix.studies import find_study
from benchmarks.matrix.variants import CONTROL, VARIANTS
from benchmarks.tables import markdown


@dataclass(frozen=True)
class Outcome:
    """Figures of one finished cell.

    Attributes:
        area: Mean rolling success of the training episodes.
        last: Rolling success at the end of training.
        validation: Success of the agent without exploration, at each validation after the base's.
        minutes: Wall-clock time of training [min].
        commit: Version of the code that made it.
        final: Success of the agent that was handed over, on the test episodes.
        base: Success of the base policy on them, the better of with and without noise.
        steps: Environment steps to a rolling success of 0.9; None if it was not reached.
        lowest: Lowest rolling success while exploring.
    """

    area: float
    last: float
    validation: tuple[float, ...]
    minutes: float
    commit: str
    final: float = float("nan")
    base: float = float("nan")
    steps: int | None = None
    lowest: float = float("nan")

    @classmethod
    def of(cls, found: dict[str, Any], start: int) -> Outcome:
        """Compute the figures of a kept result; the area counts from ``start`` on."""
        history = found["history"]
        ends, successes = history["episode_ends"], history["episode_successes"]
        *bases, final = [
            one["success_rate"] for one in found["results"].get("test", {}).values()
        ] or [float("nan")] * 2
        return cls(
            area=area(ends, successes, start, found["config"]["total_env_steps"]),
            last=float(rolling(successes)[-1]),
            validation=tuple(played["success_rate"] for at, played in history["evaluations"] if at),
            minutes=found["results"]["seconds"] / 60,
            commit=str(found["code"]["commit"])[:8],
            final=final,
            base=max(bases),
            steps=steps_to(ends, successes),
            lowest=lowest(successes),
        )


Outcomes = dict[tuple[str, int], Outcome]
"""Outcomes of a variant by task and seed."""


def outcomes(study: str, out: Path = RESULTS) -> dict[str, Outcomes]:
    """Read the finished cells of a study, by variant."""
    found: dict[str, Outcomes] = {}
    plan = find_study(study)
    for variant in VARIANTS:
        for task in plan.tasks:
            for seed in plan.seeds:
                cell = Cell(study, task, variant, seed, out)
                if cell.finished():
                    outcome = Outcome.of(cell.read(), plan.start)
                    found.setdefault(variant, {})[task, seed] = outcome
    return found


def by_task(variant: Outcomes, control: Outcomes) -> dict[str, list[float]]:
    """Return a variant's differences from the control in area, by task, seed by seed."""
    differences: dict[str, list[float]] = {}
    for task, seed in variant:
        if (task, seed) in control:
            difference = variant[task, seed].area - control[task, seed].area
            differences.setdefault(task, []).append(difference)
    return differences


def spread(variant: Outcomes) -> float:
    """Compute the standard deviation of the area over seeds, the tasks' variances averaged."""
    tasks = {task for task, _ in variant}
    areas = [[one.area for (name, _), one in variant.items() if name == task] for task in tasks]
    variances = [np.var(values, ddof=1) for values in areas if len(values) > 1]
    return float(np.sqrt(np.mean(variances))) if variances else float("nan")


def table(study: str, out: Path = RESULTS) -> str:
    """Draw up a study as a Markdown table."""
    tasks = list(find_study(study).tasks)
    found = outcomes(study, out)
    head = [
        "variant",
        *(f"{task}: area" for task in tasks),
        *(f"{task}: difference (n)" for task in tasks),
        "difference, all tasks",
        "95 % interval",
        "IQM of area",
        "sd over seeds",
        "at the end",
        "validation, mean",
        "minutes",
        "code",
    ]
    control = found.get(CONTROL, {})
    return markdown.table(head, (_row(name, found[name], control, tasks) for name in found))


def _row(name: str, variant: Outcomes, control: Outcomes, tasks: list[str]) -> list[str]:
    differences = by_task(variant, control)
    pooled = [values for values in differences.values() if values]
    validations = [v for one in variant.values() for v in one.validation]
    areas = np.array([one.area for one in variant.values()])
    compared = name != CONTROL and pooled
    return [
        name,
        *(_areas(variant, task) for task in tasks),
        *(_differences(differences.get(task, []), name) for task in tasks),
        f"{np.mean(np.concatenate(pooled)):+.3f}" if compared else "",
        "{:+.3f} to {:+.3f}".format(*bootstrap(pooled)) if compared else "",
        f"{interquartile_mean(areas):.3f}",
        f"{spread(variant):.3f}",
        f"{np.mean([one.last for one in variant.values()]):.2f}",
        f"{np.mean(validations):.2f}" if validations else "",
        f"{np.mean([one.minutes for one in variant.values()]):.1f}",
        " ".join(sorted({one.commit for one in variant.values()})),
    ]


def _areas(variant: Outcomes, task: str) -> str:
    areas = [one.area for (name, _), one in variant.items() if name == task]
    return f"{np.mean(areas):.3f}" if areas else ""


def _differences(values: list[float], name: str) -> str:
    if name == CONTROL or not values:
        return ""
    return f"{np.mean(values):+.3f} ({len(values)})"


def ideas(study: str, out: Path = RESULTS) -> str:
    """List the variants of a study that have results: flags and reason."""
    rows = [[name, f"`{VARIANTS[name].arguments}`", VARIANTS[name].idea] for name in VARIANTS]
    kept = outcomes(study, out)
    return markdown.table(["variant", "flags", "idea"], (row for row in rows if row[0] in kept))
