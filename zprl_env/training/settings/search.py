"""Search space of hyperparameter tuning (Optuna): ranges that keep an algorithm's recipe.

What a trial varies is how large the learner's steps are and how far it looks. The networks, their
normalisation, the warm-up, the updates per decision, the replay buffer and its discount belong
together with the policy that is steered, and stay those of the file of hyperparameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias


class Trial(Protocol):
    """Part of ``optuna.Trial`` that search spaces draw by."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Draw a number."""
        ...

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Draw one of some values."""
        ...


class Between(NamedTuple):
    """Numbers between two, drawn by their logarithm."""

    low: float
    high: float

    def draw(self, trial: Trial, name: str) -> float:
        """Draw one."""
        return trial.suggest_float(name, self.low, self.high, log=True)


class OneOf(NamedTuple):
    """One of some values."""

    values: tuple[Any, ...]

    def draw(self, trial: Trial, name: str) -> Any:
        """Draw one."""
        return trial.suggest_categorical(name, list(self.values))


Space: TypeAlias = Between | OneOf
"""Range of one setting."""

_RATE, _BATCH = Between(1e-4, 3e-3), OneOf((64, 128, 256, 512))
_TAU = OneOf((0.002, 0.005, 0.01, 0.02))
_ENTROPY = OneOf(("auto", "auto_0.1", "auto_0.01", "auto_0.001"))
_ROLLOUT: dict[str, Space] = {
    "learning_rate": Between(3e-5, 1e-3),
    "batch_size": OneOf((32, 64, 128)),
    "gae_lambda": OneOf((0.9, 0.95, 0.98, 1.0)),
}
_CLIPPED: dict[str, Space] = {
    "n_epochs": OneOf((5, 10, 20)),
    "clip_range": OneOf((0.1, 0.2, 0.3)),
    "ent_coef": Between(1e-6, 1e-2),
}
SPACES: dict[str, dict[str, Space]] = {
    "sac": {"learning_rate": _RATE, "batch_size": _BATCH, "tau": _TAU, "ent_coef": _ENTROPY},
    "tqc": {"learning_rate": _RATE, "batch_size": _BATCH, "tau": _TAU, "ent_coef": _ENTROPY},
    "td3": {"learning_rate": _RATE, "batch_size": _BATCH, "tau": _TAU},
    "crossq": {"learning_rate": _RATE, "batch_size": _BATCH, "ent_coef": _ENTROPY},
    "ppo": {**_ROLLOUT, **_CLIPPED},
    "ppo_lstm": {**_ROLLOUT, **_CLIPPED},
    "trpo": {**_ROLLOUT, "target_kl": OneOf((0.003, 0.01, 0.03))},
}
"""Settings that trials vary, by algorithm; their names are constructors' arguments."""

Sampler = Callable[[Trial, int, int, dict[str, Any]], dict[str, Any]]
"""Function of RL Zoo's: trial, number of actions, number of environments, further arguments."""


def sample(algo: str, trial: Trial) -> dict[str, Any]:
    """Draw a trial's settings.

    Args:
        algo: A key of `SPACES`.
        trial: Optuna's.

    Returns:
        Arguments of the algorithm that replace those of its file; all others stay.
    """
    return {name: space.draw(trial, name) for name, space in SPACES[algo].items()}


def sampler(algo: str) -> Sampler:
    """Return an algorithm's search space in the form that RL Zoo calls.

    Args:
        algo: A key of `SPACES`.
    """

    def drawn(
        trial: Trial, n_actions: int, n_envs: int, additional_args: dict[str, Any]
    ) -> dict[str, Any]:
        return sample(algo, trial)

    return drawn


def converted(params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a finished trial's values into arguments of its algorithm: they are the same.

    Args:
        params: Those that Optuna kept.
    """
    return dict(params)
