"""The clutch: a person's motion as targets of the arms, from where they are and without a jump."""

from __future__ import annotations

import numpy as np

from real.people.teleoperator import Input, TeleoperatorError
from real.tasks import rotation
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, Coordinates, coordinates_of
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

SPEED = 0.5
"""Share of an arm's largest speeds that a full deflection is."""
TOOL, TURN = 0.5, 2.0
"""Largest speeds of a tool that a person moves [m/s] and [rad/s]."""
LEAD = 0.25
"""Time by which a target may be ahead of an arm, at its largest speed [s]."""
CAUGHT = 0.1
"""Distance of a leader's opening from the gripper's at which the gripper begins to follow."""
DAMPING = 0.05
"""Of the least squares that turn a tool's motion into that of joints [m]."""


def tool_speeds(preset: Preset) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest speeds that people move tools with, [m/s] and [rad/s].

    Where joints are commanded, a preset's limits are the joints', and these are `TOOL` and `TURN`.

    Returns:
        Shape ``(N, 1)`` each.
    """
    arms = [arm.safety for arm in preset.arms]
    return (
        np.array([[min(safety.velocity, TOOL)] for safety in arms]),
        np.array([[min(safety.angular_velocity, TURN)] for safety in arms]),
    )


class Clutch:
    """The clutch between a person and the arms: nothing moves because it was let in.

    A device's rates move the target on; a leader moves it by as much as itself has moved since the
    clutch was let in. A leader's gripper is followed from where it meets the arm's. The target
    never runs further ahead than the arm can soon be, so that it stands when the person lets go.

    Args:
        preset: The task.
        speed: Share of the arms' largest speeds that a full deflection is.

    Raises:
        TeleoperatorError: Rates are to move joints whose kinematics the preset does not have; told
            when the first one comes.

    Example:
        >>> from real.tasks.files import load_preset
        >>> preset = load_preset("place-orange")
        >>> clutch, here = Clutch(preset), coordinates_of(preset).home
        >>> clutch.let_in(here)
        >>> along_x = np.array([[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
        >>> clutch.follow(Input(0.0, mine=True, rate=along_x), here)[0, :3].round(6).tolist()
        [0.422917, 0.0, 0.28]
    """

    def __init__(self, preset: Preset, speed: float = SPEED) -> None:
        self._preset, self._period, self._share = preset, 1.0 / preset.control_rate, speed
        self._coordinates = coordinates_of(preset)
        self._poses = Coordinates(preset)
        self._kinematics: list[ArmKinematics] | None = None
        self._linear, self._angular = tool_speeds(preset)
        self.let_in(self._coordinates.home)

    def let_in(self, coordinates: np.ndarray) -> None:
        """Begin from a place; whatever a leader's is now, it is the same.

        Args:
            coordinates: Where the arms are, or will be at rest. Shape ``(N, C)``.
        """
        self.target = np.array(coordinates, np.float64)
        self._before: np.ndarray | None = None
        self._caught = np.zeros(len(self.target), bool)
        self._side = np.zeros(len(self.target))

    def slip(self) -> None:
        """Lose the leader: it was not heard, and begins from wherever it is when it is again."""
        self._before = None

    def follow(self, said: Input, coordinates: np.ndarray) -> np.ndarray:
        """Return where the arms are to be sent for one control period.

        Args:
            said: What the device says, which is heard and finite.
            coordinates: Where they were sent last. Shape ``(N, C)``.

        Returns:
            Coordinates, not yet limited. Shape ``(N, C)``.
        """
        before = self.target.copy()
        if said.rate is not None and np.any(said.rate):
            self._move(np.clip(np.asarray(said.rate, np.float64), -1.0, 1.0))
        if said.leader is not None:
            self._lead(np.asarray(said.leader, np.float64))
        if said.gripper is not None:
            wanted = np.asarray(said.gripper, np.float64)
            opened = np.where(np.isnan(wanted), self.target[:, GRIPPER], wanted)
            self.target[:, GRIPPER] = np.clip(opened, 0.0, 1.0)
        self._keep_near(coordinates, before)
        return self.target.copy()

    def _move(self, rate: np.ndarray) -> None:
        """Move the target on by one period of a motion."""
        step = self._share * self._period
        linear, angular = step * self._linear * rate[:, :3], step * self._angular * rate[:, 3:]
        if self._preset.space == "joints":
            self._move_joints(np.concatenate([linear, angular], axis=1))
            return
        self.target[:, POSITION] += linear
        if angular.any():
            turned = self._poses.quaternion(self.target[:, ROTATION])
            turned = rotation.multiply(rotation.from_vector(angular), turned)
            self.target[:, ROTATION] = self._poses.vector(turned)

    def _move_joints(self, twist: np.ndarray) -> None:
        """Move joints so that the tools move as they are to."""
        if self._kinematics is None:
            if any(arm.kinematics is None for arm in self._preset.arms):
                raise TeleoperatorError(
                    f"A device that moves the tool needs the arm's kinematics where joints are "
                    f"commanded. Got: none in {self._preset.name}. Add kinematics: {{file: ..., "
                    f"tool: ...}} to each arm of the preset, or lead by a leader arm."
                )
            self._kinematics = [ArmKinematics(arm) for arm in self._preset.arms]
        for number, (kinematics, motion) in enumerate(zip(self._kinematics, twist, strict=True)):
            rows = kinematics.jacobian(self.target[number, MOTION])
            square = rows @ rows.T + DAMPING**2 * np.eye(6)
            self.target[number, MOTION] += rows.T @ np.linalg.solve(square, motion)

    def _lead(self, leader: np.ndarray) -> None:
        """Move the target by as much as a leader has moved."""
        if self._before is None:
            self._side = np.sign(leader[:, GRIPPER] - self.target[:, GRIPPER])
        else:
            moved = leader - self._before
            if self._preset.space == "pose":
                now, then = (self._poses.quaternion(x[:, ROTATION]) for x in (leader, self._before))
                turn = rotation.multiply(now, rotation.inverse(then))
                turned = rotation.multiply(turn, self._poses.quaternion(self.target[:, ROTATION]))
                self.target[:, POSITION] += moved[:, POSITION]
                self.target[:, ROTATION] = self._poses.vector(turned)
            else:
                self.target[:, MOTION] += moved[:, MOTION]
        self._before = leader.copy()
        away = leader[:, GRIPPER] - self.target[:, GRIPPER]
        self._caught |= (np.abs(away) < CAUGHT) | (np.sign(away) == -self._side)
        opened = np.where(self._caught, leader[:, GRIPPER], self.target[:, GRIPPER])
        self.target[:, GRIPPER] = np.clip(opened, 0.0, 1.0)

    def _keep_near(self, coordinates: np.ndarray, before: np.ndarray) -> None:
        """Keep the target where the arm can soon be; what is too far already gets no further."""
        ahead = self.target - coordinates
        if self._preset.space == "joints":
            speeds = np.array([arm.joint_limits.velocity for arm in self._preset.arms])
            parts = [(MOTION, LEAD * speeds)]
        else:
            parts = [(POSITION, LEAD * self._linear), (ROTATION, LEAD * self._angular)]
        for part, most in parts:
            far = np.maximum(most, np.abs(before - coordinates)[:, part])
            ahead[:, part] = np.clip(ahead[:, part], -far, far)
        self.target[:, MOTION] = (coordinates + ahead)[:, MOTION]
