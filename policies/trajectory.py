"""One episode of a demonstrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policies.errors import DemonstrationError


@dataclass(frozen=True)
class Trajectory:
    """One episode; entry t of every array belongs to the same step.

    Attributes:
        observations: What was seen before each action, by key. Shape ``(T, k)`` each.
        actions: Shape ``(T, A)``.
        rewards: Shape ``(T,)``.
        dones: Shape ``(T,)``.

    Raises:
        DemonstrationError: If lengths or shapes do not fit, or a value is not finite.
    """

    observations: dict[str, np.ndarray]
    actions: np.ndarray
    rewards: np.ndarray
    dones: np.ndarray

    def __post_init__(self) -> None:
        steps = len(self.actions)
        if self.actions.ndim != 2 or steps == 0:
            raise DemonstrationError(
                f"actions must have shape (T, A) with T > 0. Got: {self.actions.shape}."
            )
        arrays = {**self.observations, "actions": self.actions}
        for name, array in {**arrays, "rewards": self.rewards, "dones": self.dones}.items():
            dims = 2 if name in arrays else 1
            if array.ndim != dims or len(array) != steps:
                must = f"({steps}, k)" if dims == 2 else f"({steps},)"
                raise DemonstrationError(f"{name} must have shape {must}. Got: {array.shape}.")
            if not np.isfinite(array).all():
                raise DemonstrationError(f"{name} must be finite. Got NaN or infinity.")

    def __len__(self) -> int:
        return len(self.actions)

    def flat_observations(self, keys: Sequence[str]) -> np.ndarray:
        """The keys' values side by side in the given order. Shape ``(T, O)``, float32."""
        return np.concatenate([self.observations[key] for key in keys], axis=1, dtype=np.float32)
