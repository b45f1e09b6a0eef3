"""Rules by which lambda follows from a policy alone, beside the values found by playing it.

    python -m benchmarks.scale               the table, from the shipped policies' statistics

Nothing is played: what a policy bears at random is read from the committed calibrations, and the
lambda it is trained with from its task.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep_table
from zprl_env.base_policies.recipes import RECIPES
from zprl_env.files import read_json
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.latent import auto_scale, published_scale
from zprl_env.tasks import TASKS

RESULTS = ALL_RESULTS / "scale"
CALIBRATIONS = ALL_RESULTS / "calibration"
LEARNED = ("Lift", "Can", "box-close", "hammer", "Real")
"""Tasks whose agents have gained with the task's lambda; a good one for the others is unknown."""


def rules(policy: SteerablePolicy) -> dict[str, float]:
    """Compute lambda by every rule.

    Args:
        policy: A policy with the statistics of its demonstrations.

    Returns:
        ``published``, RMS(lambda dz) = 0.1 RMS(z); ``independent``, as far as the demonstrations
        spread with every dimension by itself; ``auto``, with their covariance. Where a rule gives
        one per dimension, it is the root mean square.
    """
    alone = copy(policy)
    alone.latent_covariance = np.diag(np.square(policy.latent_std))  # type: ignore[attr-defined]
    scales = {
        "published": published_scale(policy),
        "independent": auto_scale(alone),
        "auto": auto_scale(policy),
    }
    return {name: float(np.sqrt(np.mean(np.square(scale)))) for name, scale in scales.items()}


def borne(task: str, folder: Path = CALIBRATIONS) -> float | None:
    """Return the largest lambda that a policy bears at random; None if that was not measured."""
    file = folder / TASKS[task].slug / "calibration.json"
    if not file.exists():
        return None
    scale: float | None = read_json(file)["recommendation"]["scale"]
    return scale


def off(found: Mapping[str, float | None], lambdas: Mapping[str, float]) -> str:
    """Tell by what factor a rule is off, up or down: the geometric mean, and the largest.

    >>> off({"a": 2.0, "b": None, "c": 1.0}, {"a": 1.0, "b": 9.0, "c": 4.0})
    'x 2.8, at most x 4.0'
    """
    factors = [abs(np.log(lambdas[task] / value)) for task, value in found.items() if value]
    return f"x {np.exp(fmean(factors)):.1f}, at most x {np.exp(max(factors)):.1f}"


def table() -> str:
    """Draw up every shipped policy's lambda by rule as a Markdown table."""
    shipped = shipped_policies()
    tasks = [task for task in RECIPES if TASKS[task].slug in shipped]
    tasks = [task for task in tasks if TASKS[task].read_facts().scale != "auto"]
    lambdas = {task: rules(resolve_policy(task)) for task in tasks}
    used = {task: float(TASKS[task].read_facts().scale) for task in tasks}
    bears = {task: borne(task) for task in tasks}
    names = ("auto", "independent", "published")
    head = ["task", "trained with", "borne at random"]
    rows = [
        [
            task,
            f"{used[task]:g}{'' if task in LEARNED else ' (not known to be good)'}",
            "" if bears[task] is None else f"{bears[task]:g}",
            *(f"{lambdas[task][name]:.2f}" for name in names),
        ]
        for task in tasks
    ]
    learned = {task: used[task] for task in tasks if task in LEARNED}
    for title, found in (("off from trained with", learned), ("off from borne", bears)):
        by_rule = ({task: lambdas[task][name] for task in tasks} for name in names)
        rows.append([f"*{title}*", "", "", *(off(found, each) for each in by_rule)])
    return markdown.table([*head, "`auto`", "dimensions by themselves", "`published`"], rows)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of every rule."""

    out: Path = RESULTS
    """Folder of the table."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table())


COMMAND = CommandLine("scale", __doc__, (Summary,))

if __name__ == "__main__":
    COMMAND.main()
