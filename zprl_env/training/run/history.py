"""History of a run in environment steps: the raw data of its learning curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zprl_env.evaluation import EvaluationResult
from zprl_env.files import RunFolderError, one_line, read_json

HISTORY_FILE = "history.json"
WINDOW = 100
"""Episodes of the rolling success rate."""


@dataclass
class History:
    """Counts of a run so far, its episodes' outcomes and its evaluations.

    Attributes:
        env_steps: Environment steps taken.
        decisions: Decisions taken, each of which is up to ``n_action_steps`` environment steps.
        episode_ends: Environment steps at each episode's end.
        episode_successes: Whether that episode succeeded.
        evaluations: Environment steps and outcome of each evaluation; the base policy's at zero.
        seconds: Wall-clock time spent.
    """

    env_steps: int = 0
    decisions: int = 0
    episode_ends: list[int] = field(default_factory=list)
    episode_successes: list[bool] = field(default_factory=list)
    evaluations: list[tuple[int, EvaluationResult]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rolling_success(self) -> float:
        """Success rate of the last episodes, NaN before the first one ended."""
        recent = self.episode_successes[-WINDOW:]
        return float(np.mean(recent)) if recent else float("nan")

    @property
    def best(self) -> int | None:
        """Environment steps of the agent's best evaluation, the latest if several are alike."""
        agents = [(result.success_rate, at) for at, result in self.evaluations if at > 0]
        return max(agents)[1] if agents else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        evaluations = [[at, result.to_dict()] for at, result in self.evaluations]
        return asdict(self) | {"evaluations": evaluations}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> History:
        """Undo :meth:`to_dict`.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        evaluations = [(at, EvaluationResult.from_dict(r)) for at, r in content["evaluations"]]
        return cls(**content | {"evaluations": evaluations})


def load_history(run: Path) -> History:
    """Load a run's history, as it was last written down.

    Raises:
        RunFolderError: It is missing or unreadable.
    """
    content = read_json(run / HISTORY_FILE)
    try:
        return History.from_dict(content)
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"Expected a run's history in {run / HISTORY_FILE}. Got: {one_line(error)}."
        ) from error
