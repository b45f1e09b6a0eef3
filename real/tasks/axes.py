"""Axes of the safety filter: what moves of each arm, and the limits that it has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from real.tasks.preset import Preset


class Axes(NamedTuple):
    """Limits of what moves of N arms: six axes of a pose each [m, rad], or their joints [rad].

    Attributes:
        low: Lowest values. Shape ``(N, C - 1)``, as all the others.
        high: Highest values.
        velocity: Largest velocities, per second.
        acceleration: Largest accelerations, per second squared.
        jerk: Largest jerks, per second cubed.
    """

    low: np.ndarray
    high: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray


def axes_of(preset: Preset) -> Axes:
    """Return the limits of what a task commands.

    >>> from real.tasks.files import load_preset
    >>> axes_of(load_preset("place-orange")).velocity.tolist()
    [[0.35, 0.35, 0.35, 1.5, 1.5, 1.5]]
    """
    if preset.space == "joints":
        joints = [arm.joint_limits for arm in preset.arms]
        return Axes(*(np.array(values) for values in zip(*joints, strict=True)))
    limits = [arm.safety for arm in preset.arms]
    return Axes(
        np.array([[*s.low, *(-turn for turn in s.rotation)] for s in limits]),
        np.array([[*s.high, *s.rotation] for s in limits]),
        _per_axis([(s.velocity, s.angular_velocity) for s in limits]),
        _per_axis([(s.acceleration, s.angular_acceleration) for s in limits]),
        _per_axis([(s.jerk, s.angular_jerk) for s in limits]),
    )


def _per_axis(limits: list[tuple[float, float]]) -> np.ndarray:
    """Spread each arm's linear and angular limit over its axes. Shape ``(N, 6)``."""
    return np.repeat(np.array(limits, np.float64), 3, axis=1)
