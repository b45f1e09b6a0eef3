"""Trajectory: one episode of a demonstrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from policies.errors import DemonstrationError
from policies.pictures.batch import frame_problem
from policies.pictures.frames import Frames


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
        frames: What each camera saw before each action, by its name: uint8 of shape
            ``(T, H, W, 3)``, upright RGB, read by slices and possibly on the disk.
        by_person: Which steps a person made who could take the arms from a policy. Shape ``(T,)``,
            bool; ``None`` where nobody could.
        weight: How often a step of it is drawn to be imitated, relative to others.

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
    frames: Mapping[str, Frames] = field(default_factory=dict)
    by_person: np.ndarray | None = None
    weight: float = 1.0

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
        columns = {"rewards": self.rewards, "dones": self.dones, "by_person": self.by_person}
        for name, column in columns.items():
            if column is not None and column.shape != (steps,):
                raise DemonstrationError(f"{name} must have shape ({steps},). Got: {column.shape}.")
        arrays = {**self.observations, "actions": self.actions, "rewards": self.rewards}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise DemonstrationError(f"{name} must be finite. Got NaN or infinity.")

        for name, frames in self.frames.items():
            problem = frame_problem(tuple(frames.shape), np.dtype(frames.dtype))
            if problem:
                raise DemonstrationError(f"frames of camera {name} {problem}")
            if len(frames) != steps:
                raise DemonstrationError(
                    f"camera {name} must have a frame for each of the {steps} actions. "
                    f"Got: {len(frames)} frames."
                )

    def __len__(self) -> int:
        return len(self.actions)

    def flat_observations(self, keys: Sequence[str]) -> np.ndarray:
        """Put the keys' values side by side in the given order. Shape ``(T, O)``, float32.

        Raises:
            DemonstrationError: If a key holds images, which have no place in a flat observation.
        """
        if not keys:  # whoever sees may feel nothing
            return np.empty((len(self), 0), np.float32)
        images = [key for key in keys if self.observations[key].ndim != 2]
        if images:
            raise DemonstrationError(
                f"observations must be state vectors here; images are learned by --encoder. Got: "
                f"{', '.join(f'{key} of shape {self.observations[key].shape}' for key in images)}. "
                "Choose other observation keys."
            )
        return np.concatenate([self.observations[key] for key in keys], axis=1, dtype=np.float32)
