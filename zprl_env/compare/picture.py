"""Picture of learning curves over environment steps, with bands over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

import numpy as np

from zprl_env.compare.groups import Group
from zprl_env.files import write_picture


class Curve(NamedTuple):
    """Learning curve of a group: environment steps, mean success, and the band's two ends."""

    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curve(one: Group) -> Curve | None:
    """Draw up a group's curve on the validation episodes, as far as all of its seeds have come.

    The band goes from the lowest to the highest seed; that of a single seed is its Wilson interval.

    Args:
        one: The group.

    Returns:
        The curve, or None if its runs were never evaluated.
    """
    if not all(run.evaluations for run in one.runs):
        return None
    histories = [
        (
            np.array([at for at, _ in run.evaluations], float),
            np.array([result.success_rate for _, result in run.evaluations]),
        )
        for run in one.runs
    ]
    if len(histories) == 1:
        ends = np.array([result.interval for _, result in one.runs[0].evaluations])
        return Curve(*histories[0], ends[:, 0], ends[:, 1])
    steps = max((history[0] for history in histories), key=len)
    steps = steps[steps <= max(1.0, 1.02 * min(history[0][-1] for history in histories))]
    rates = np.array([np.interp(steps, *history) for history in histories])
    return Curve(steps, rates.mean(axis=0), rates.min(axis=0), rates.max(axis=0))


def draw(path: Path, groups: Sequence[Group]) -> None:
    """Draw the curves of all groups, a panel for each task.

    Args:
        path: PNG to write.
        groups: The groups.
    """
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(one.env for one in groups))
    columns = min(len(tasks), 3)
    rows = -(-len(tasks) // columns)
    figure = Figure(figsize=(6.4 * columns, 4.6 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for panel in [*panels][len(tasks) :]:
        panel.set_axis_off()
    for panel, task in zip(figure.axes, tasks, strict=False):
        for one in (one for one in groups if one.env == task):
            found = curve(one)
            if found is None:
                continue
            seeds = f"{len(one.runs)} seeds" if len(one.runs) > 1 else f"seed {one.seeds[0]}"
            label = f"{one.letter}: {shorten(one.label, 44, placeholder=' ...')} ({seeds})"
            (line,) = panel.plot(found.steps, found.mean, "o-", markersize=3, label=label)
            panel.fill_between(
                found.steps, found.low, found.high, color=line.get_color(), alpha=0.15, linewidth=0
            )
        panel.set(
            title=task,
            xlabel="environment steps",
            ylabel="success rate (validation episodes)",
            ylim=(-0.02, 1.02),
        )
        panel.set_xlim(left=0)
        panel.grid(alpha=0.3)
        if panel.has_data():
            # Below, where it hides no run that fails.
            anchor = (0.5, -0.13)
            panel.legend(loc="upper center", bbox_to_anchor=anchor, fontsize="x-small")
    write_picture(path, figure, dpi=130)
