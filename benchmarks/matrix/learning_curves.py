"""Learning curves of a study over environment steps, with intervals over seeds, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.scores import DRAWS, rolling
from benchmarks.matrix.studies import find_study
from benchmarks.matrix.variants import VARIANTS
from zprl_env.files import write_picture

CURVES = "curves.png"
POINTS = 60


class Curve(NamedTuple):
    """Curve of a variant on a task: environment steps, mean success over seeds, and its band."""

    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curve(histories: list[tuple[list[int], list[int]]], budget: int, points: int = POINTS) -> Curve:
    """Draw up the rolling training success over environment steps, and its interval over seeds.

    Args:
        histories: Environment steps at the end of each episode, and its success, by seed.
        budget: Environment steps of the training.
        points: Number of environment steps at which the curve is drawn.

    Returns:
        The curve; its band is the bootstrap's 95 % of the mean over seeds.
    """
    steps = np.linspace(budget / points, budget, points)
    seeds = np.array([_at(steps, ends, successes) for ends, successes in histories])
    generator = np.random.default_rng(0)
    draws = generator.integers(len(seeds), size=(DRAWS, len(seeds)))
    low, high = np.percentile(seeds[draws].mean(axis=1), (2.5, 97.5), axis=0)
    return Curve(steps, seeds.mean(axis=0), low, high)


def _at(steps: np.ndarray, ends: list[int], successes: list[int]) -> np.ndarray:
    """Return the rolling success after the last episode that was over by then."""
    index = np.searchsorted(ends, steps, side="right") - 1
    return rolling(successes)[np.clip(index, 0, len(ends) - 1)]


def draw(path: Path, study: str, out: Path = RESULTS) -> None:
    """Draw a panel for each task of a study with a curve for each variant that has results.

    Args:
        path: PNG to write.
        study: The study.
        out: Folder of the results.
    """
    from matplotlib.figure import Figure

    plan = find_study(study)
    columns = min(len(plan.tasks), 3)
    rows = -(-len(plan.tasks) // columns)
    figure = Figure(figsize=(5.4 * columns, 3.9 * rows), layout="constrained")
    panels = [*figure.subplots(rows, columns, squeeze=False).flat]
    for panel, (task, budget) in zip(panels, plan.tasks.items(), strict=False):
        for name in VARIANTS:
            cells = [Cell(study, task, name, seed, out) for seed in plan.seeds]
            kept = [cell.read()["history"] for cell in cells if cell.finished()]
            if not kept:
                continue
            found = curve([(h["episode_ends"], h["episode_successes"]) for h in kept], budget)
            counted = f"{len(kept)} seed{'s' * (len(kept) > 1)}"
            (line,) = panel.plot(found.steps, found.mean, label=f"{name} ({counted})")
            color = line.get_color()
            panel.fill_between(
                found.steps, found.low, found.high, color=color, alpha=0.15, linewidth=0
            )
        panel.set(title=task, xlabel="environment steps", ylabel="training success (last 50)")
        panel.set_ylim(-0.02, 1.02)
        panel.grid(alpha=0.3)
        if panel.has_data():
            panel.legend(fontsize="x-small")
    for panel in panels[len(plan.tasks) :]:
        panel.set_axis_off()
    write_picture(path, figure, dpi=90)
