"""The watchdog: finds faults of a measurement, such as its age, NaN or tracking error."""

from __future__ import annotations

import numpy as np

from policies.finite import all_finite
from real.robot import RobotState
from real.tasks.preset import Preset

FUTURE = 0.02
"""Seconds that a time stamp may be ahead, for clocks that are read one after the other."""


def fault(
    state: RobotState,
    preset: Preset,
    *,
    now: float,
    before: RobotState | None = None,
    sent: np.ndarray | None = None,
) -> str | None:
    """Describe the fault of a measurement; None if there is none.

    Args:
        state: The measurement.
        preset: The task, with the limits.
        now: The time by the robot's clock [s].
        before: The measurement before it.
        sent: Where the arms were sent [m]. Shape ``(N, 3)``.

    Returns:
        A sentence, or None if nothing is wrong.
    """
    limits, arms = preset.watchdog, len(preset.arms)
    shapes = {
        "position": (arms, 3),
        "quaternion": (arms, 4),
        "linear_velocity": (arms, 3),
        "angular_velocity": (arms, 3),
        "gripper": (arms,),
    }
    for name, shape in shapes.items():
        if problem := _malformed(getattr(state, name), shape):
            return f"{name} must be finite, of shape {shape}; got {problem}"
    for name in _objects(preset):
        if problem := _malformed(state.objects.get(name), (7,)):
            return f"the pose of {name} must be finite, of shape (7,); got {problem}"
    norms = np.linalg.norm(state.quaternion, axis=1)
    if np.abs(norms - 1.0).max() > 0.01:
        return f"quaternions must have length 1; got {norms.round(3).tolist()}"
    age = now - state.stamp
    if not -FUTURE <= age <= limits.max_state_age:
        return f"the state must be at most {limits.max_state_age:g} s old; got {age:.3f} s"
    if before is not None and state.stamp < before.stamp:
        return f"time stamps must not go back; got {state.stamp:.3f} after {before.stamp:.3f}"
    if sent is not None:
        error = float(np.linalg.norm(state.position - sent, axis=1).max())
        if error > limits.max_tracking_error:
            return (
                f"an arm must be within {limits.max_tracking_error:g} m of where it was sent; got "
                f"{error:.3f} m"
            )
    return None


def _objects(preset: Preset) -> tuple[str, ...]:
    """Return the objects that the observation shows."""
    shown = {"objects", "object_positions"} & {*preset.observation}
    return preset.objects if shown else ()


def _malformed(value: object, shape: tuple[int, ...]) -> str | None:
    """Describe the fault of an array; None if there is none."""
    if value is None:
        return "nothing"
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return repr(value)
    if array.shape != shape:
        return f"shape {array.shape}"
    return None if all_finite(array) else str(array.tolist())
