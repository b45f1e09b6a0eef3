"""The watchdog: finds faults of a measurement, such as its age, NaN or tracking error."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from policies.finite import all_finite
from real.robot import RobotState
from real.tasks import rotation
from real.tasks.preset import Preset

FUTURE = 0.02
"""Seconds that a time stamp may be ahead, for clocks that are read one after the other."""

PARTS = {"rotation_6d": "quaternion", "rotation_vector": "quaternion"}
"""Measurements that parts of an observation are made of, where their name is another."""

RUSH = 10.0
"""Multiple of an arm's largest speed beyond which what is reported is no speed of this arm's."""


def fault(
    state: RobotState,
    preset: Preset,
    *,
    now: float,
    before: RobotState | None = None,
    sent: np.ndarray | None = None,
    turned: np.ndarray | None = None,
    joints: np.ndarray | None = None,
) -> str | None:
    """Describe the fault of a measurement; None if there is none.

    Args:
        state: The measurement.
        preset: The task, with the limits.
        now: The time by the robot's clock [s].
        before: The measurement before it.
        sent: Where the arms were sent [m]. Shape ``(N, 3)``.
        turned: How they were turned there, as unit quaternions. Shape ``(N, 4)``.
        joints: Where their joints were sent, if they were [rad]. Shape ``(N, J)``.

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
    for name in _known(preset, state, shapes):
        shape = shapes[name]
        if problem := _malformed(getattr(state, name), shape):
            return f"{name} must be finite, of shape {shape}; got {problem}"
    for name in _objects(preset):
        if problem := _malformed(state.objects.get(name), (7,)):
            return f"the pose of {name} must be finite, of shape (7,); got {problem}"
    if problem := _joints(state, preset):
        return problem
    norms = np.linalg.norm(state.quaternion, axis=1)
    if (np.abs(norms - 1.0) > 0.01).any():  # unless they are not known, and not asked for
        return f"quaternions must have length 1; got {norms.round(3).tolist()}"
    age = now - state.stamp
    if not -FUTURE <= age <= limits.max_state_age:
        return f"the state must be at most {limits.max_state_age:g} s old; got {age:.3f} s"
    if before is not None and state.stamp < before.stamp:
        return f"time stamps must not go back; got {state.stamp:.3f} after {before.stamp:.3f}"
    if problem := _rush(state, preset):
        return problem
    if joints is not None:
        error = float(np.abs(np.array(state.joints) - joints).max())
        if error > limits.max_tracking_joints:
            return (
                f"a joint must be within {limits.max_tracking_joints:g} rad of where it was sent; "
                f"got {error:.3f} rad"
            )
    if sent is not None:
        error = float(np.linalg.norm(state.position - sent, axis=1).max())
        if error > limits.max_tracking_error:
            return (
                f"an arm must be within {limits.max_tracking_error:g} m of where it was sent; got "
                f"{error:.3f} m"
            )
    if turned is not None:
        away = rotation.to_vector(rotation.multiply(state.quaternion, rotation.inverse(turned)))
        error = float(np.linalg.norm(away, axis=1).max())
        if error > limits.max_tracking_rotation:
            return (
                f"an arm must be turned within {limits.max_tracking_rotation:g} rad of how it was "
                f"sent; got {error:.3f} rad"
            )
    return None


def _joints(state: RobotState, preset: Preset) -> str | None:
    """Describe the fault of the joints, which must be there if observed or commanded."""
    asked = {"joints"} if preset.space == "joints" else set()
    for name in ("joints", "joint_velocities"):
        given = getattr(state, name)
        if name not in {*asked, *preset.observation} and not len(given):
            continue
        if len(given) != len(preset.arms):
            return f"{name} must be given for {len(preset.arms)} arms; got {len(given)}"
        for arm, values in zip(preset.arms, given, strict=True):
            if problem := _malformed(values, (arm.joints,)):
                return f"{name} must be finite, of shape ({arm.joints},); got {problem}"
    return None


def _known(preset: Preset, state: RobotState, names: Iterable[str]) -> list[str]:
    """Return what a measurement must say; where joints are commanded not what it does not know."""
    if preset.space == "pose":
        return [*names]
    seen = {PARTS.get(part, part) for part in preset.observation}
    return [
        name
        for name in names
        if name == "gripper" or name in seen or not _unknown(getattr(state, name))
    ]


def _unknown(value: object) -> bool:
    """Tell whether a robot says by NaN that it does not know."""
    array = np.asarray(value)
    return array.dtype.kind == "f" and array.size > 0 and bool(np.isnan(array).all())


def _rush(state: RobotState, preset: Preset) -> str | None:
    """Describe a speed that no arm of the task has."""
    if preset.space == "joints":
        for arm, speeds in zip(preset.arms, state.joint_velocities, strict=False):
            over = np.abs(speeds) > (most_of := RUSH * arm.joint_limits.velocity)
            if over.any():
                return (
                    f"joint velocities must be at most {most_of[over][0]:.3g} rad/s; got "
                    f"{np.abs(speeds)[over][0]:.3g}"
                )
        return None
    for arm, linear, angular in zip(
        preset.arms, state.linear_velocity, state.angular_velocity, strict=True
    ):
        for name, unit, velocity, limit in (
            ("linear", "m", linear, arm.safety.velocity),
            ("angular", "rad", angular, arm.safety.angular_velocity),
        ):
            most, speed = RUSH * np.sqrt(3.0) * limit, float(np.linalg.norm(velocity))
            if speed > most:
                return f"{name} velocity must be at most {most:.3g} {unit}/s; got {speed:.3g}"
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
