"""One simulated arm in MuJoCo: its pose, and the controller that moves it."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from real.robot import RobotError
from real.sim.arms import ARMS, TOOL, Drive, prefix
from real.sim.impedance import follow, hold_joints
from real.tasks.preset import ArmPreset

STIFFNESS = np.array([900.0] * 3 + [900.0] * 3)
"""Stiffness of the spring that pulls a hand, per mass and inertia: 30 rad/s, critically damped."""
SMOOTHING = 0.02
"""Time in which the spring's end follows a command [s]."""
GRIPPER_SPEED = 1.8
"""Openings per second that a gripper manages [1/s]."""
JOINT_SPEED = 1.0
"""Fastest joint on the way home [rad/s]."""


class ArmBody:
    """One simulated arm with its gripper.

    Args:
        model: The ``mujoco.MjModel``.
        data: The ``mujoco.MjData``.
        arm: The preset's arm.
        index: Its number.
        drive: How its gripper is driven.

    Raises:
        RobotError: The arm cannot reach its home pose.

    Attributes:
        command: Where the hand was sent, position [m] and quaternion, w first. Shape ``(7,)``.
        joint_command: Where the joints were sent [rad]; None where poses are commanded.
    """

    def __init__(self, model: Any, data: Any, arm: ArmPreset, index: int, drive: Drive) -> None:
        self._model, self._data, self._home = model, data, arm.home
        self._given = arm.posture if arm.safety.joints is not None else None
        self.joint_command: np.ndarray | None = None
        names = [f"{prefix(index)}joint{number + 1}" for number in range(arm.joints)]
        self._qpos_index = np.array([model.joint(name).qposadr[0] for name in names])
        self._qvel_index = np.array([model.joint(name).dofadr[0] for name in names])
        moved = {int(joint): motor for motor, joint in enumerate(model.actuator_trnid[:, 0])}
        self._ctrl_index = np.array([moved[model.joint(name).id] for name in names])
        self._drive = drive
        self._finger_qpos = np.array([model.joint(name).qposadr[0] for name in drive.joints])
        self._finger_ctrl = np.array([moved[model.joint(name).id] for name in drive.joints])
        self._site = model.site(f"{prefix(index)}gripper_{TOOL}").id
        limits = np.array(ARMS[arm.model].torques)
        self._limits = np.array([-limits, limits])

        # Views of the simulation's state, since asking for one costs time.
        self._state = data.qpos, data.qvel, data.qfrc_bias, data.ctrl
        self._position, self._rotation = data.site_xpos[self._site], data.site_xmat[self._site]
        self._mass = np.zeros((model.nv, model.nv))
        self._jacobian = np.zeros((6, model.nv))
        self._jacobian_rows = self._jacobian[:3], self._jacobian[3:]

        self.goal, self.command = np.zeros(7), np.zeros(7)
        self.opening, self.opening_command = arm.home.gripper, arm.home.gripper
        if arm.home.joints:
            self.posture = arm.posture
        else:
            self.posture = self._solve(np.array(ARMS[arm.model].rest), index)
        self._constants = (
            self.posture,
            STIFFNESS,
            2.0 * np.sqrt(STIFFNESS),
            self._limits,
            self._qpos_index,
            self._qvel_index,
            self._ctrl_index,
        )
        self._share = float(model.opt.timestep / (SMOOTHING + model.opt.timestep))
        self._gripper_step = float(GRIPPER_SPEED * model.opt.timestep)

    @property
    def joints(self) -> np.ndarray:
        """Joint angles [rad]."""
        return self._data.qpos[self._qpos_index]

    @joints.setter
    def joints(self, angles: np.ndarray) -> None:
        self._data.qpos[self._qpos_index] = angles
        self._data.qvel[self._qvel_index] = 0.0

    @property
    def joint_velocities(self) -> np.ndarray:
        """Joint velocities [rad/s]."""
        return self._data.qvel[self._qvel_index]

    @property
    def home_opening(self) -> float:
        """Opening of the gripper between episodes."""
        return self._home.gripper

    @property
    def pose(self) -> np.ndarray:
        """Position [m] and quaternion, w first. Shape ``(7,)``."""
        pose = np.empty(7)
        pose[:3] = self._position
        mujoco.mju_mat2Quat(pose[3:], self._rotation)
        return pose

    @property
    def velocity(self) -> np.ndarray:
        """Linear [m/s] and angular [rad/s]. Shape ``(6,)``."""
        return self._jacobian @ self._data.qvel

    @property
    def measured_opening(self) -> float:
        """Opening of the gripper from 0, closed, to 1, open."""
        drive, fingers = self._drive, self._data.qpos[self._finger_qpos]
        shares = [
            (float(finger) - closed) / (opened - closed)
            for finger, opened, closed in zip(fingers, drive.opened, drive.closed, strict=True)
        ]
        return min(max(sum(shares) / len(shares), 0.0), 1.0)

    def go_home(self) -> None:
        """Put the arm at home in no time; kinematics are to be updated afterwards."""
        self.joints = self.posture
        self.opening = self.opening_command = self._home.gripper
        drive = self._drive
        for finger, opened, closed in zip(
            self._finger_qpos, drive.opened, drive.closed, strict=True
        ):
            self._data.qpos[finger] = closed + self.opening * (opened - closed)
        self.goal[:3], self.goal[3:] = self._home.position, self._home.quaternion
        self.command[:] = self.goal
        self.joint_command = None if self._given is None else self._given.copy()

    def hold(self) -> None:
        """Stay where the arm is."""
        self.goal[:] = self.command[:] = self.pose
        self.joint_command = None if self._given is None else self.joints
        self.opening_command = self.opening

    def actuate(self, joints: np.ndarray | None = None) -> None:
        """Write the motors' commands for one physics step.

        Args:
            joints: Angles to pull the joints to, instead of where they, or the hand, were sent
                [rad].
        """
        model, data = self._model, self._data
        joints = self.joint_command if joints is None else joints
        mujoco.mj_jacSite(model, data, *self._jacobian_rows, self._site)
        mujoco.mj_fullM(model, self._mass, data.qM)
        if joints is None:
            follow(
                *self._state,
                self._mass,
                self._jacobian,
                self._position,
                self._rotation,
                self.goal,
                self.command,
                self._share,
                *self._constants,
            )
        else:
            where = self._limits, self._qpos_index, self._qvel_index, self._ctrl_index
            hold_joints(*self._state, self._mass, joints, *where)
        if self.opening != self.opening_command:
            step = self._gripper_step
            self.opening += min(max(self.opening_command - self.opening, -step), step)
        drive = self._drive
        for motor, opened, closed in zip(
            self._finger_ctrl, drive.opened, drive.closed, strict=True
        ):
            data.ctrl[motor] = closed + self.opening * (opened - closed)

    def _solve(self, joints: np.ndarray, index: int) -> np.ndarray:
        """Find joint angles at home by damped least squares."""
        model, data = self._model, self._data
        goal = np.array(self._home.quaternion)
        for _ in range(300):
            self.joints = joints
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            error, quaternion = np.empty(6), self.pose[3:]
            error[:3] = np.array(self._home.position) - self._position
            turn, inverse = np.empty(4), np.empty(4)
            mujoco.mju_negQuat(inverse, quaternion)
            mujoco.mju_mulQuat(turn, goal, inverse)
            mujoco.mju_quat2Vel(error[3:], turn, 1.0)
            if np.linalg.norm(error) < 1e-9:
                return joints
            mujoco.mj_jacSite(model, data, *self._jacobian_rows, self._site)
            jacobian = self._jacobian[:, self._qvel_index]
            pull = np.linalg.solve(jacobian @ jacobian.T + 1e-6 * np.eye(6), error)
            joints = joints + np.clip(jacobian.T @ pull, -0.2, 0.2)
        raise RobotError(
            f"Arm {index} must be able to reach its home pose. Got: {self._home.position} [m], "
            f"{np.linalg.norm(error):.3g} short. Try one nearer to its base."
        )
