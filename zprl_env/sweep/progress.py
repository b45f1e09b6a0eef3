"""Progress of a trial, as the files of its run tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from zprl_env.compare.finished import load_finished
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import RunFolderError
from zprl_env.training.run.history import History, load_history


class Progress(NamedTuple):
    """Evaluation of a run on its validation seeds.

    Attributes:
        env_steps: When.
        result: The outcome.
    """

    env_steps: int
    result: EvaluationResult


def evaluations(run: Path) -> list[Progress]:
    """List the evaluations that a run has written down, without that of the base policy.

    Args:
        run: Its folder; none, or no history in it yet, are no evaluations.
    """
    history = _history(run)
    return [Progress(at, result) for at, result in history.evaluations if at > 0]


def best(run: Path) -> Progress | None:
    """Return the best evaluation of a run, by the rule by which an agent is handed over."""
    history = _history(run)
    if (at := history.best) is None:
        return None
    return Progress(at, dict(history.evaluations)[at])


def _history(run: Path) -> History:
    try:
        return load_history(run)
    except RunFolderError:
        return History()


def tested(run: Path) -> EvaluationResult | None:
    """Return the outcome of a finished run on its test seeds."""
    try:
        return load_finished(run).steered
    except RunFolderError:
        return None


def metrics(progress: Progress) -> dict[str, Any]:
    """Return what schedulers and searchers go by."""
    low, high = progress.result.interval
    rate = progress.result.success_rate
    return {"env_steps": progress.env_steps, "success": rate, "low": low, "high": high}
