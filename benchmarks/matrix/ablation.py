"""Table and figure of the ablations: each base policy's success beside that of its agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.studies import find_study
from benchmarks.tables import markdown
from zprl_env.files import write_picture

FIGURE = "ablations.png"
CONTROL = "recipe"
FACTORS: dict[str, dict[str, str]] = {
    "bottleneck": {"none": "no-bottleneck", "VIB": CONTROL},
    "dim z": {"4": "dim-4", "8": CONTROL, "16": "dim-16"},
    "lambda": {"0.5": "scale-0.5", "1": "scale-1", "2": CONTROL, "4": "scale-4"},
    "demonstrations": {"25": "shown-25", "50": CONTROL, "100": "shown-100"},
    "beta": {"2e-5": "beta-2e-5", "2e-4": CONTROL, "2e-3": "beta-2e-3"},
}
"""Variants by factor and value, in order."""


class Ablated(NamedTuple):
    """Success on the test episodes, a number for each seed.

    Attributes:
        base: Of the base policy, from the noise that its agents steer from.
        steered: Of the agent that was handed over.
        weights: Beginning of the SHA-256 of the base policy's weights.
    """

    base: list[float]
    steered: list[float]
    weights: str


def ablated(study: str, task: str, variant: str, out: Path = RESULTS) -> Ablated | None:
    """Read the finished seeds of a variant; None if there are none."""
    cells = [Cell(study, task, variant, seed, out) for seed in find_study(study).seeds]
    kept = [cell.read() for cell in cells if cell.finished()]
    if not kept:
        return None
    played = [[*one["results"]["test"].values()] for one in kept]
    return Ablated(
        [float(bases[-2]["success_rate"]) for bases in played],
        [float(bases[-1]["success_rate"]) for bases in played],
        str(kept[0].get("base", {}).get("weights_sha256", ""))[:8],
    )


def table(study: str, out: Path = RESULTS) -> str:
    """Draw up base and agents by factor and value as a Markdown table; what is not done is left."""
    head = ["task", "factor", "value", "base", "steered (by seed)", "gain", "weights"]
    rows = []
    for task in find_study(study).tasks:
        for factor, values in FACTORS.items():
            for value, variant in values.items():
                if (found := ablated(study, task, variant, out)) is None:
                    continue
                base, steered = np.mean(found.base), np.mean(found.steered)
                seeds = ", ".join(f"{rate:.2f}" for rate in found.steered)
                cells = [f"{base:.2f}", f"{steered:.2f} ({seeds})", f"{steered - base:+.2f}"]
                rows.append([task, factor, value, *cells, f"`{found.weights}`"])
    return markdown.table(head, rows)


def draw(path: Path, study: str, out: Path = RESULTS) -> None:
    """Draw a row of panels for each task, one for each factor: base and agents by value.

    Args:
        path: PNG to write.
        study: The study.
        out: Folder of the results.
    """
    from matplotlib.figure import Figure

    tasks = [*find_study(study).tasks]
    figure = Figure(figsize=(2.9 * len(FACTORS), 2.9 * len(tasks)), layout="constrained")
    panels: Any = figure.subplots(len(tasks), len(FACTORS), squeeze=False, sharey=True)
    for row, task in zip(panels, tasks, strict=True):
        for panel, (factor, values) in zip(row, FACTORS.items(), strict=True):
            found = [ablated(study, task, variant, out) for variant in values.values()]
            _panel(panel, [*values], found)
            panel.set(title=f"{task}: {factor}", ylim=(-0.02, 1.02))
        row[0].set_ylabel("success, 100 test episodes")
    handles, labels = panels[0][0].get_legend_handles_labels()
    panels[0][-1].legend(handles, labels, fontsize="small", loc="lower right")
    write_picture(path, figure, dpi=90)


def _panel(panel: Any, labels: list[str], found: list[Ablated | None]) -> None:
    """Draw bars of base and agents, and a dot for each seed."""
    places = np.arange(len(labels))
    for shift, name, color in ((-0.2, "base", "0.7"), (0.2, "steered", "tab:blue")):
        rates = [[] if one is None else getattr(one, name) for one in found]
        heights = [float(np.mean(one)) if one else 0.0 for one in rates]
        panel.bar(places + shift, heights, width=0.38, color=color, label=name)
        dots = [(at + shift, rate) for at, one in zip(places, rates, strict=True) for rate in one]
        if dots:
            panel.plot(*zip(*dots, strict=True), "o", color="0.2", markersize=3)
    panel.set_xticks(places, labels)
    panel.grid(alpha=0.3, axis="y")
