"""Action and observation layouts: the meaning of their numbers, in the order of the preset."""

from __future__ import annotations

import numpy as np

from real.robot import RobotState
from real.tasks import rotation
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, Coordinates, coordinates_of
from real.tasks.preset import Preset

ACTION_SIZES = {
    "position": 3,
    "position_delta": 3,
    "quaternion": 4,
    "rotation_vector": 3,
    "rotation_delta": 3,
    "gripper": 1,
}
OBSERVATION_SIZES = {
    "position": 3,
    "rotation_6d": 6,
    "quaternion": 4,
    "rotation_vector": 3,
    "gripper": 1,
    "linear_velocity": 3,
    "angular_velocity": 3,
}
OBJECT_SIZES = {"objects": 9, "object_positions": 3}
JOINT_WISE = ("joints", "joint_delta", "joint_velocities")
"""Parts with a number per joint, in the arm's unit of angle."""
SHORT = 1e-3
"""Length below which a quaternion says nothing about an orientation."""


class ActionLayout:
    """The layout of actions: turns them into coordinates to go to, of poses or joints, and back.

    Every number of an action lies in [-1, 1], arm after arm:

    * ``position``: from home, times ``action_scale.position`` [m];
    * ``position_delta``: from where the arm was sent last, likewise;
    * ``quaternion``: the orientation itself, w first, of any length but zero;
    * ``rotation_vector``: from the home orientation, times ``action_scale.rotation`` [rad];
    * ``rotation_delta``: from where the arm was sent last, about the base frame's axes, likewise;
    * ``joints``: from home, times ``action_scale.joints`` [the arm's unit of angle];
    * ``joint_delta``: from where the joints were sent last, likewise;
    * ``gripper``: -1 closed to 1 open.

    What an action does not say stays at home. Nothing depends on the safety box, so that a policy
    means the same in a larger or a smaller one.

    Args:
        preset: The task.

    Attributes:
        size: Numbers in an action.

    Example:
        >>> from real.tasks.files import load_preset
        >>> layout = ActionLayout(load_preset("place-orange"))
        >>> layout.action(layout.home, layout.home).tolist()
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._coordinates = Coordinates(preset)
        self.home = coordinates_of(preset).home
        scale, arms = preset.action_scale.joints or 1.0, preset.arms
        arms = arms if preset.space == "joints" else ()
        self._radians = np.array([arm.per_joint(scale) for arm in arms])
        self._parts: dict[str, slice] = {}
        start = 0
        for part in preset.action:
            size = preset.arms[0].joints if part in JOINT_WISE else ACTION_SIZES[part]
            self._parts[part] = slice(start, start + size)
            start += size
        self._arms = len(preset.arms)
        self.size = start * self._arms

    def target(self, action: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return where an action sends the arms.

        Args:
            action: Shape ``(A,)``.
            last: Coordinates of where they were sent last. Shape ``(N, C)``.

        Returns:
            Coordinates, not yet limited in any way. Shape ``(N, C)``.
        """
        rows = np.asarray(action, np.float64).reshape(self._arms, -1)
        metres, radians = self._preset.action_scale.position, self._preset.action_scale.rotation
        target = self.home.copy()
        for part, where in self._parts.items():
            values = rows[:, where]
            if part == "position":
                target[:, POSITION] += metres * values
            elif part == "position_delta":
                target[:, POSITION] = last[:, POSITION] + metres * values
            elif part == "quaternion":
                long = np.linalg.norm(values, axis=1, keepdims=True) > SHORT
                known = np.where(long, values, self._coordinates.quaternion(last[:, ROTATION]))
                target[:, ROTATION] = self._coordinates.vector(known)
            elif part == "rotation_vector":
                target[:, ROTATION] = radians * values
            elif part == "rotation_delta":
                before = self._coordinates.quaternion(last[:, ROTATION])
                after = rotation.multiply(rotation.from_vector(radians * values), before)
                target[:, ROTATION] = self._coordinates.vector(after)
            elif part == "joints":
                target[:, MOTION] += self._radians * values
            elif part == "joint_delta":
                target[:, MOTION] = last[:, MOTION] + self._radians * values
            else:
                target[:, GRIPPER] = 0.5 * (values[:, 0] + 1.0)
        return target

    def action(self, target: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the action that sends the arms somewhere: the inverse of :meth:`target`.

        Args:
            target: Coordinates. Shape ``(N, C)``.
            last: Coordinates of where they were sent last. Shape ``(N, C)``.

        Returns:
            Shape ``(A,)``, outside of [-1, 1] where one action cannot do it. Quaternions are those
            on home's side of the sphere.
        """
        if self._preset.space == "joints":
            said = {
                "joints": (target - self.home)[:, MOTION] / self._radians,
                "joint_delta": (target - last)[:, MOTION] / self._radians,
                "gripper": 2.0 * target[:, GRIPPER:] - 1.0,
            }
            return np.concatenate([said[part] for part in self._parts], axis=1).ravel()
        metres, radians = self._preset.action_scale.position, self._preset.action_scale.rotation
        turned = self._coordinates.quaternion(target[:, ROTATION])
        before = self._coordinates.quaternion(last[:, ROTATION])
        said = {
            "position": (target - self.home)[:, POSITION] / metres,
            "position_delta": (target - last)[:, POSITION] / metres,
            "quaternion": turned,
            "rotation_vector": target[:, ROTATION] / radians,
            "rotation_delta": rotation.to_vector(
                rotation.multiply(turned, rotation.inverse(before))
            )
            / radians,
            "gripper": 2.0 * target[:, GRIPPER:] - 1.0,
        }
        return np.concatenate([said[part] for part in self._parts], axis=1).ravel()


class ObservationLayout:
    """The layout of observations: turns measurements into them.

    The preset's parts come in their order, each for all arms; those of objects for all objects:
    ``objects`` are position [m] and the first two rows of the rotation matrix, ``object_positions``
    the positions alone.

    Args:
        preset: The task.

    Attributes:
        size: Numbers in an observation.
        keys: Where each part is; an object's is called by its name.

    Example:
        >>> from real.tasks.files import load_preset
        >>> layout = ObservationLayout(load_preset("place-orange"))
        >>> layout.size, layout.keys["orange_position"]
        (19, slice(13, 16, None))
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._coordinates = Coordinates(preset)
        sizes: dict[str, int] = {}
        for part in preset.observation:
            if part in OBJECT_SIZES:
                ending = "_position" if part == "object_positions" else ""
                sizes |= {f"{name}{ending}": OBJECT_SIZES[part] for name in preset.objects}
            elif part in JOINT_WISE:
                sizes[part] = sum(arm.joints for arm in preset.arms)
            else:
                sizes[part] = OBSERVATION_SIZES[part] * len(preset.arms)
        ends = np.cumsum([*sizes.values()]).tolist()
        self.keys = {
            key: slice(end - size, end)
            for (key, size), end in zip(sizes.items(), ends, strict=True)
        }
        self.size: int = ends[-1]

    @property
    def proprioception(self) -> list[str]:
        """Parts that the robot knows of itself: all but the tracked objects'."""
        names = {*self._preset.objects, *(f"{name}_position" for name in self._preset.objects)}
        return [key for key in self.keys if key not in names]

    def observation(self, state: RobotState) -> np.ndarray:
        """Return the observation of a measurement.

        Args:
            state: A measurement in which :func:`real.motion.watchdog.fault` finds nothing.

        Returns:
            Shape ``(O,)``, float32.
        """
        parts = [np.ravel(self._part(part, state)) for part in self._preset.observation]
        return np.concatenate(parts).astype(np.float32)

    def _part(self, part: str, state: RobotState) -> np.ndarray:
        """Return one part."""
        if part == "rotation_6d":
            return rotation.rows(np.asarray(state.quaternion))
        if part == "rotation_vector":
            return self._coordinates.vector(state.quaternion)
        arms = self._preset.arms
        if part in JOINT_WISE:
            values = state.joints if part == "joints" else state.joint_velocities
            return np.concatenate([v / arm.unit for v, arm in zip(values, arms, strict=True)])
        if part == "gripper":
            return state.gripper * [100.0 if arm.units == "degrees" else 1.0 for arm in arms]
        if part in OBJECT_SIZES:
            poses = np.array([state.objects[name] for name in self._preset.objects])
            if part == "object_positions":
                return poses[:, :3]
            return np.concatenate([poses[:, :3], rotation.rows(poses[:, 3:])], axis=1)
        return np.asarray(getattr(state, part))
