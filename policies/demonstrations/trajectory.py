"""Trajectory: one episode of a demonstrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policies.errors import DemonstrationError


@dataclass(frozen=True)
class Trajectory:
    """One episode; entry t of every array belongs to the same step.

    Attributes:
        observations: What was seen before each action, by key. Shape ``(T, k)`` each, images
            ``(T, H, W, C)``.
        actions: Shape ``(T, A)``.
        rewards: Shape ``(T,)``.
        dones: Shape ``(T,)``.
        success: Whether the task was done; ``None`` where nobody said.

    Raises:
        DemonstrationError: If lengths or shapes do not fit, or a value is not finite.

    Example:
        >>> Trajectory({"x": np.zeros((2, 3))}, np.zeros((2, 1)), np.zeros(3), np.zeros(2))
        Traceback (most recent call last):
        policies.errors.DemonstrationError: rewards must have shape (2,). Got: (3,).
    """

    observations: dict[str, np.ndarray]
    actions: np.ndarray
    rewards: np.ndarray
    dones: np.ndarray
    success: bool | None = None

    def __post_init__(self) -> None:
        steps = len(self.actions)
        if self.actions.ndim != 2 or steps == 0:
            raise DemonstrationError(
                f"actions must have shape (T, A) with T > 0. Got: {self.actions.shape}."
            )
        for name, array in self.observations.items():
            if array.ndim not in (2, 4) or len(array) != steps:
                raise DemonstrationError(
                    f"{name} must have shape ({steps}, k), or ({steps}, H, W, C) for images. "
                    f"Got: {array.shape}."
                )
        for name, array in (("rewards", self.rewards), ("dones", self.dones)):
            if array.shape != (steps,):
                raise DemonstrationError(f"{name} must have shape ({steps},). Got: {array.shape}.")
        arrays = {**self.observations, "actions": self.actions, "rewards": self.rewards}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise DemonstrationError(f"{name} must be finite. Got NaN or infinity.")

    def __len__(self) -> int:
        return len(self.actions)

    def flat_observations(self, keys: Sequence[str]) -> np.ndarray:
        """Put the keys' values side by side in the given order. Shape ``(T, O)``, float32.

        Raises:
            DemonstrationError: If a key holds images, which have no place in a flat observation.
        """
        images = [key for key in keys if self.observations[key].ndim != 2]
        if images:
            raise DemonstrationError(
                f"observations must be state vectors here; images cannot be imitated. Got: "
                f"{', '.join(f'{key} of shape {self.observations[key].shape}' for key in images)}. "
                "Choose other observation keys."
            )
        return np.concatenate([self.observations[key] for key in keys], axis=1, dtype=np.float32)
