"""The robot interface that every driver implements: state, command, stop, home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from policies.pictures.quality import RenderQuality
from policies.pictures.settings import PictureSettings
from real.clock import Clock
from zprl_env.errors import ZprlError


class RobotError(ZprlError):
    """A robot does not answer, does not obey or reports a fault."""


class ReflexError(RobotError):
    """A robot's own protection has stopped it: a collision, a force or a limit of its own.

    Any call may raise it, until :meth:`Robot.connect` has cleared it, which nobody calls before the
    episode is over and the operator has released the stop.
    """


Space: TypeAlias = Literal["pose", "joints"]
"""Space that a robot is commanded in: poses of its end effectors, or positions of its joints."""


@dataclass(frozen=True)
class RobotState:
    """One measurement of all N arms, in the robot's base frame.

    Where a robot is commanded in joints, what it does not know of its end effectors is NaN, as
    :meth:`of_joints` has it: position, orientation and both velocities.

    Attributes:
        stamp: When it was measured, by the driver's clock [s].
        position: End effectors [m]. Shape ``(N, 3)``.
        quaternion: Their orientations as unit quaternions, w first. Shape ``(N, 4)``.
        linear_velocity: [m/s]. Shape ``(N, 3)``.
        angular_velocity: [rad/s]. Shape ``(N, 3)``.
        gripper: Opening from 0, closed, to 1, open. Shape ``(N,)``.
        joints: Joint angles [rad], of each arm.
        objects: Poses that a tracker reports, by name: position [m] and quaternion, w first.
            Shape ``(7,)`` each.
        joint_velocities: Of the joints of each arm [rad/s]; none if the robot does not tell.
    """

    stamp: float
    position: np.ndarray
    quaternion: np.ndarray
    linear_velocity: np.ndarray
    angular_velocity: np.ndarray
    gripper: np.ndarray
    joints: tuple[np.ndarray, ...] = ()
    objects: Mapping[str, np.ndarray] = field(default_factory=dict)
    joint_velocities: tuple[np.ndarray, ...] = ()

    @classmethod
    def of_joints(
        cls,
        stamp: float,
        joints: Sequence[np.ndarray],
        gripper: np.ndarray,
        *,
        velocities: Sequence[np.ndarray] = (),
        objects: Mapping[str, np.ndarray] | None = None,
    ) -> RobotState:
        """Make a measurement of a robot that knows its joints alone.

        Args:
            stamp: When it was measured, by the driver's clock [s].
            joints: Joint angles of each arm [rad].
            gripper: Opening from 0, closed, to 1, open. Shape ``(N,)``.
            velocities: Joint velocities of each arm [rad/s], if they are known.
            objects: Poses that a tracker reports, by name.

        >>> RobotState.of_joints(0.0, [np.zeros(6)], np.ones(1)).position.tolist()
        [[nan, nan, nan]]
        """
        position, linear, angular = np.full((3, len(joints), 3), np.nan)
        return cls(
            stamp,
            position,
            np.full((len(joints), 4), np.nan),
            linear,
            angular,
            gripper,
            tuple(joints),
            objects or {},
            tuple(velocities),
        )


@dataclass(frozen=True)
class RobotCommand:
    """A command to N arms: poses and gripper openings, in the robot's base frame.

    Attributes:
        position: End effectors [m]. Shape ``(N, 3)``.
        quaternion: Their orientations as unit quaternions, w first. Shape ``(N, 4)``.
        gripper: Opening from 0, closed, to 1, open. Shape ``(N,)``.
    """

    position: np.ndarray
    quaternion: np.ndarray
    gripper: np.ndarray


@dataclass(frozen=True)
class JointCommand:
    """A command to N arms of J joints each: joint positions and gripper openings.

    Attributes:
        joints: Joint angles [rad]. Shape ``(N, J)``.
        gripper: Opening from 0, closed, to 1, open. Shape ``(N,)``.
    """

    joints: np.ndarray
    gripper: np.ndarray


class Robot(Protocol):
    """Interface of a robot driver: about a hundred lines that connect a laboratory's own robot.

    Commands are poses to be reached within the next control period. They come at the control rate,
    have passed :mod:`real.motion.safety` and move by little each time; a driver passes them on.
    When no command comes any more, the arms stay where the last one put them.

    A driver that takes joint positions says so by a class attribute ``accepts``, such as
    ``("joints",)`` or ``("pose", "joints")``; one without takes poses. It is given what the task's
    actions are in (:attr:`real.tasks.preset.Preset.space`): `RobotCommand` or `JointCommand`.

    Of a gripper whose preset says ``grip: {kind: binary}`` a command's opening is 0 or 1, and
    changes at most every ``pause`` seconds: a driver grasps or opens when it changes.

    No method blocks for longer than a fraction of a second, but for :meth:`connect` and
    :meth:`home`. Every failure is a :class:`RobotError` that says what to do about it.

    Attributes:
        clock: The clock of the time stamps, which the control loop is paced by.
        n_arms: Number of arms N.
    """

    clock: Clock
    n_arms: int

    def connect(self) -> None:
        """Reach the robot and clear its errors; a second call reconnects.

        Raises:
            RobotError: It is not there.
        """
        ...

    def state(self) -> RobotState:
        """Return the newest measurement.

        Raises:
            RobotError: None can be had.
        """
        ...

    def command(self, command: Any) -> None:
        """Send the arms somewhere, and return at once.

        Args:
            command: `RobotCommand`, or `JointCommand` where the task's actions are joints.

        Raises:
            RobotError: The robot refuses or does not answer.
        """
        ...

    def stop(self) -> None:
        """Hold still where the arms are; possible at any time, and as often as one likes.

        Raises:
            RobotError: The robot could not be told.
        """
        ...

    def home(self) -> None:
        """Take the joints to their rest posture, slowly and by the driver's own means.

        Raises:
            RobotError: It did not get there.
        """
        ...

    def close(self) -> None:
        """Stop and disconnect the robot; a second call does nothing."""
        ...


@runtime_checkable
class ResettingRobot(Protocol):
    """A driver that is stiffer, or otherwise set, while its arms go home between two episodes."""

    def begin_reset(self) -> None:
        """The arms are at rest and about to go home.

        Raises:
            RobotError: The robot could not be told.
        """
        ...

    def end_reset(self) -> None:
        """The arms are at home, and an episode is about to begin.

        Raises:
            RobotError: The robot could not be told.
        """
        ...


@runtime_checkable
class SceneRobot(Protocol):
    """A driver whose world is simulated: it lays out a scene by seed, and knows success."""

    def reset_scene(self, seed: int | None) -> None:
        """Lay out the task's objects as the seed says, and put the arms exactly at home.

        The arms have been driven home before; this takes the last millimetres, so that what follows
        depends on the seed alone.
        """
        ...

    def success(self) -> bool:
        """Tell whether the task is done, by the scene's own criterion."""
        ...


Scene = SceneRobot
"""Deprecated alias: the class's name before 0.1."""


@runtime_checkable
class Cameras(Protocol):
    """A driver that has cameras: it takes pictures by their names.

    Where time is the computer's, they are taken by a thread of their own, beside all other calls:
    `images` may be slow, and nothing else may wait for it.
    """

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures. Shape ``(H, W, 3)`` each, uint8.

        Raises:
            RobotError: There is no such camera.
        """
        ...


@runtime_checkable
class SimulatedCameras(Protocol):
    """A driver whose cameras are simulated: they take pictures of any size and quality."""

    def frames(
        self, names: Sequence[str], image_size: tuple[int, int], quality: RenderQuality
    ) -> Mapping[str, np.ndarray]:
        """Take pictures of the present state. Shape ``(H, W, 3)`` each, uint8.

        Raises:
            RobotError: They cannot be had.
        """
        ...

    def picture_settings(
        self, names: Sequence[str], image_size: tuple[int, int], quality: RenderQuality
    ) -> PictureSettings:
        """Describe such pictures, with the cameras' poses.

        Raises:
            UnknownNameError: There is no such camera.
            RenderingError: There is no OpenGL.
        """
        ...
