"""Table of the robot tasks: success, minutes, smoothness and safety's interventions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.robot.playing import MOTION
from benchmarks.robot.runs import RESULTS, TASKS, WAYS, folder
from benchmarks.tables import markdown
from benchmarks.tools.kept import finished, measured
from real.tasks.files import load_preset
from zprl_env.errors import ZprlError
from zprl_env.files import read_json
from zprl_env.success_rates import wilson_interval

HEAD = (
    "task",
    "",
    "learned from [min]",
    "success",
    "95 % interval",
    "s per episode",
    "velocity [m/s]",
    "acceleration [m/s2]",
    "jerk [m/s3]",
    "actions out of the box",
    "stops",
)
PUBLISHED = 33.7
"""Average gain of the method's paper on its four tasks [points]."""


def table(out: Path = RESULTS) -> str:
    """Draw up the episodes that were played as Markdown, with the average gain below.

    Raises:
        ZprlError: None was.
    """
    played = {
        task: measured(folder(task, out) / MOTION, "python -m benchmarks.robot play")
        for task in TASKS
        if (folder(task, out) / MOTION).exists()
    }
    if not played:
        raise ZprlError(
            f"Expected raw data in {out}. Got: none. Start with: python -m benchmarks.robot play"
        )
    rows = [
        _row(task, name, one, out) for task, ways in played.items() for name, one in ways.items()
    ]
    return markdown.table(HEAD, rows) + _gains(played)


def _row(task: str, name: str, one: dict[str, Any], out: Path) -> list[str]:
    minutes = learned_from(task, name, out) if name in WAYS else None
    return [
        task,
        name,
        "" if minutes is None else f"{minutes:.0f}",
        f"{one['success_rate']:.2f}",
        markdown.interval(wilson_interval(sum(one["successes"]), one["episodes"])),
        f"{60 * one['robot_minutes'] / one['episodes']:.1f}",
        f"{one['velocity']:.3f}",
        f"{one['acceleration']:.2f}",
        f"{one['jerk']:.0f}",
        f"{one['interventions'] / one['actions']:.1%}",
        str(one["stops"]),
    ]


def learned_from(task: str, way: str, out: Path = RESULTS) -> float | None:
    """Return the robot's minutes that an agent learned from, without ways home; None if unknown."""
    kept = folder(task, out) / way
    if not finished(kept):
        return None
    steps = int(read_json(kept / "results.json")["env_steps"])
    return steps / load_preset(task).rate / 60


def gains(played: dict[str, Any]) -> dict[str, float]:
    """Return the gain of the steered latent by task, averaged over seeds [points]."""
    found = {}
    for task, ways in played.items():
        steered = [one["success_rate"] for name, one in ways.items() if name.startswith("latent-")]
        if steered:
            found[task] = 100 * float(np.mean(steered) - ways["base policy"]["success_rate"])
    return found


def _gains(played: dict[str, Any]) -> str:
    found = gains(played)
    if not found:
        return ""
    each = ", ".join(f"{task} {gain:+.1f}" for task, gain in found.items())
    mean = float(np.mean([*found.values()]))
    return (
        f"\nGain of the steered latent in points, averaged over seeds: {each}; "
        f"mean {mean:+.1f} of {len(found)} task{'s' * (len(found) > 1)}. Published for four: "
        f"{PUBLISHED:+.1f}.\n"
    )
