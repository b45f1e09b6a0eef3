"""Standings of interfaces: by task with intervals over seeds, and over all tasks by rliable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.scores import bootstrap, interquartile_mean
from benchmarks.matrix.studies import find_study
from benchmarks.matrix.summary import Outcome, Outcomes
from benchmarks.matrix.variants import VARIANTS
from benchmarks.noise.__main__ import REFERENCES, Played, shipped_tasks
from benchmarks.tables import markdown


def of_task(variant: Outcomes, task: str) -> list[Outcome]:
    """List the outcomes of a task, by seed."""
    return [one for (name, _), one in sorted(variant.items()) if name == task]


def by_task(found: dict[str, Outcomes]) -> str:
    """Draw up a row per task and variant as a Markdown table: means with intervals over seeds.

    Beside what was trained stands what needs no training, the best fixed draw of the noise.
    """
    head = [
        *("task", "variant", "seeds", "base", "area [95 %]", "final [95 %]", "final, by seed"),
        *("steps to 0.9, median", "lowest while exploring", "minutes", "code"),
    ]
    tasks = dict.fromkeys(task for variant in found.values() for task, _ in variant)
    rows = []
    for task in tasks:
        rows += [
            _row(task, name, of_task(variant, task))
            for name, variant in found.items()
            if of_task(variant, task)
        ]
        rows += _without_learning(task, len(head))
    return markdown.table(head, rows)


def _without_learning(task: str, columns: int) -> list[list[str]]:
    """Return the row of the best fixed draw of the flow's noise, if ``benchmarks.noise`` has it."""
    test = Played(task).outcomes("test") if task in shipped_tasks() else {}
    chosen = [outcome.success_rate for noise, outcome in test.items() if noise not in REFERENCES]
    if not chosen:
        return []
    base = max(test[noise].success_rate for noise in REFERENCES)
    row = [task, "best fixed noise", "", f"{base:.2f}", "", f"{chosen[0]:.2f}"]
    return [row + [""] * (columns - len(row))]


def _row(task: str, name: str, seeds: Sequence[Outcome]) -> list[str]:
    return [
        task,
        name,
        str(len(seeds)),
        f"{np.mean([one.base for one in seeds]):.2f}",
        interval([one.area for one in seeds]),
        interval([one.final for one in seeds]),
        " ".join(f"{one.final:.2f}" for one in seeds),
        median_steps([one.steps for one in seeds]),
        f"{min(one.lowest for one in seeds):.2f}",
        f"{np.mean([one.minutes for one in seeds]):.0f}",
        " ".join(sorted({one.commit for one in seeds})),
    ]


def interval(scores: Sequence[float]) -> str:
    """Write a mean with its bootstrap interval over seeds; of one seed there is none.

    >>> interval([0.5]), interval([0.5, 0.5])
    ('0.50', '0.50 [0.50, 0.50]')
    """
    mean = f"{np.mean(scores):.2f}"
    if len(scores) < 2:
        return mean
    low, high = bootstrap([scores])
    return f"{mean} [{low:.2f}, {high:.2f}]"


def median_steps(steps: Sequence[int | None]) -> str:
    """Write the median of steps, of which some may never have come.

    >>> median_steps([30_000, None, 20_000]), median_steps([None, None, 20_000])
    ('30,000', 'not by most')
    """
    known = [float("inf") if one is None else one for one in steps]
    middle = float(np.sort(known)[len(known) // 2])
    return "not by most" if middle == float("inf") else f"{int(middle):,}"


def over_tasks(found: dict[str, Outcomes]) -> str:
    """Draw up a row per variant over the tasks that all variants have been trained on.

    The interquartile mean of all tasks' and seeds' scores, with a stratified bootstrap, as rliable
    defines them.
    """
    done = [{task for task, _ in variant} for variant in found.values()]
    tasks = sorted(set.intersection(*done)) if done else []
    measures: dict[str, Callable[[Outcome], float]] = {
        "area": lambda one: one.area,
        "final": lambda one: one.final,
    }
    head = ["variant", "tasks", "runs"]
    head += [f"{name}: IQM [95 %]" for name in measures]
    rows = []
    for name, variant in found.items():
        strata = [of_task(variant, task) for task in tasks]
        if not strata:
            continue
        row = [name, str(len(tasks)), str(sum(map(len, strata)))]
        for of in measures.values():
            scores = [[of(one) for one in seeds] for seeds in strata]
            low, high = bootstrap(scores, interquartile_mean)
            middle = float(interquartile_mean(np.concatenate(scores)))
            row.append(f"{middle:.2f} [{low:.2f}, {high:.2f}]")
        rows.append(row)
    return markdown.table(head, rows)


def motion(study: str, out: Path = RESULTS) -> str:
    """Draw up how the arm moves: velocity and jerk of base policy, agent and exploration."""
    plan = find_study(study)
    head = ["task", "variant"]
    head += [f"{who}: {what}" for what in ("velocity", "jerk") for who in PLAYERS]
    rows = []
    for task in plan.tasks:
        for name in VARIANTS:
            cells = [Cell(study, task, name, seed, out) for seed in plan.seeds]
            kept = [cell.read().get("motion") for cell in cells if cell.finished()]
            moved = [one for one in kept if one and one["base"]]
            if moved:
                row = [
                    f"{np.mean([one[who][what] for one in moved]):.3g}"
                    for what in ("velocity", "jerk")
                    for who in PLAYERS
                ]
                rows.append([task, name, *row])
    return markdown.table(head, rows)


PLAYERS = ("base", "steered", "exploring")
"""Those whose motion is measured: see ``benchmarks.matrix.motion``."""
