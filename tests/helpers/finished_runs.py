"""Folders of runs that never happened: the three JSON files that a finished one leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zprl_env.evaluation import EvaluationResult


def outcome(successes: Sequence[int], first: int = 100) -> EvaluationResult:
    """Outcome of episodes whose seeds follow from the first."""
    count = len(successes)
    seeds = first + np.arange(count)
    return EvaluationResult(seeds, np.array(successes, bool), np.full(count, 10))


def write_run(
    folder: Path,
    *,
    base: Sequence[int] = (0, 0, 0, 0, 0, 0, 1, 1),
    steered: Sequence[int] = (1, 1, 1, 1, 1, 1, 1, 1),
    curve: Sequence[Sequence[int]] = ((0, 1), (1, 1)),
    first: int = 100,
    finished: bool = True,
    **settings: Any,
) -> Path:
    """Write a run's folder.

    Args:
        folder: Where to.
        base: Successes of the base policy on the test episodes.
        steered: Successes of the agent on them.
        curve: Successes on the validation episodes, every 50 environment steps.
        first: Seed of the first test episode.
        finished: Whether it has ended well.
        **settings: Of the run; those of no other name belong to its recipe.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True)
    usual = {"env": "Lift", "algo": "sac", "steer": "latent", "seed": 0, "total_env_steps": 100}
    recipe = {name: settings.pop(name) for name in [*settings] if name not in usual}
    config = usual | settings | {"recipe": {"scale": 2.0} | recipe}
    (folder / "config.json").write_text(json.dumps(config))
    evaluations = [[50 * at, outcome(won).to_dict()] for at, won in enumerate(curve)]
    history = {"episode_ends": [], "episode_successes": [], "evaluations": evaluations}
    (folder / "history.json").write_text(json.dumps(history))
    if finished:
        test = {
            "base policy": outcome(base, first).to_dict(),
            "steered": outcome(steered, first).to_dict(),
        }
        results = {"test": test, "env_steps": 50 * max(len(curve) - 1, 0)}
        (folder / "results.json").write_text(json.dumps(results))
    return folder
