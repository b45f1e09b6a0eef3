"""Fast controllers of robosuite's arms and grippers, without repeated work."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from zprl_env.envs.robosuite.operational_space import apply_torques


class FastArm:
    """One arm's operational-space controller, for one episode.

    Args:
        robot: robosuite's robot.
        name: Of the arm's part controller, ``"right"`` or ``"left"``.
        where: Where the arm's part of the environment's action is.
    """

    def __init__(self, robot: Any, name: str, where: slice) -> None:
        self.controller, self.where = robot.composite_controller.part_controllers[name], where
        self.model, self.data = robot.sim.model._model, robot.sim.data._data
        self.actuators = np.array(robot._ref_actuators_indexes_dict[name])
        self.limits = np.ascontiguousarray(self.model.actuator_ctrlrange[self.actuators].T)

        controller, nv = self.controller, self.model.nv
        self._site = robot.sim.model.site_name2id(controller.ref_name)
        # These are views of the simulation's state, and asking for one costs time.
        data = self.data
        self._state, self._inertia = (data.qpos, data.qvel, data.qfrc_bias, data.ctrl), data.qM
        self._position, self._rotation = data.site_xpos[self._site], data.site_xmat[self._site]
        self._mass, self._jacobian = np.zeros((nv, nv)), np.zeros((6, nv))
        self._jacobian_rows = self._jacobian[:3], self._jacobian[3:]
        self._constants = (
            np.array(controller.initial_joint, dtype=np.float64),
            np.array(controller.kp, dtype=np.float64),
            np.array(controller.kd, dtype=np.float64),
            self.limits,
            np.array(controller.qpos_index),
            np.array(controller.qvel_index),
            self.actuators,
        )
        self._point_at_goal()

    def set_goal(self, action: np.ndarray) -> None:
        """Set the goal that an action asks for: a pose, or a way from where the hand is now."""
        controller = self.controller
        if controller.input_type == "absolute":
            controller.goal_pos = action[self.where][:3]
            controller.goal_ori = Rotation.from_rotvec(action[self.where][3:6]).as_matrix()
        else:
            controller.ref_pos[:] = self._position
            controller.ref_ori_mat[:] = self._rotation.reshape(3, 3)
            delta = controller.scale_action(action[self.where])
            controller.goal_pos = controller.compute_goal_pos(delta[:3])
            controller.goal_ori = controller.compute_goal_ori(delta[3:6])
        self._point_at_goal()

    def apply(self) -> None:
        """Command the torques of one substep."""
        mujoco.mj_jacSite(self.model, self.data, *self._jacobian_rows, self._site)
        mujoco.mj_fullM(self.model, self._mass, self._inertia)
        regular = apply_torques(
            *self._state,
            self._mass,
            self._jacobian,
            self._position,
            self._rotation,
            self._goal_position,
            self._goal_rotation,
            *self._constants,
        )
        if not regular:
            torques = self.controller.run_controller()
            self.data.ctrl[self.actuators] = np.clip(torques, *self.limits)

    def _point_at_goal(self) -> None:
        """Express the controller's goal in the world, where the arm's base does not move."""
        position, rotation = self.controller.goal_pos, self.controller.goal_ori
        if self.controller.input_ref_frame == "base":
            axes = self.controller.origin_ori
            position = self.controller.origin_pos + np.dot(axes, position)
            rotation = np.dot(axes, rotation)
        self._goal_position, self._goal_rotation = position, np.ascontiguousarray(rotation)


class FastGripper:
    """One gripper's controller, for one episode: its command holds for a control step.

    Args:
        robot: robosuite's robot.
        name: Of the gripper's part controller, e.g. ``"right_gripper"``.
        where: Where the gripper's part of the environment's action is.
    """

    def __init__(self, robot: Any, name: str, where: slice) -> None:
        self._controller = robot.composite_controller.part_controllers[name]
        self._gripper, self._where = robot.composite_controller.grippers[name], where
        self._ctrl = robot.sim.data._data.ctrl
        self._actuators = np.array(robot._ref_actuators_indexes_dict[name])
        self._low, self._high = robot.sim.model._model.actuator_ctrlrange[self._actuators].T

    def set_goal(self, action: np.ndarray) -> None:
        """Command the gripper."""
        self._controller.set_goal(self._gripper.format_action(action[self._where]))
        command = self._controller.run_controller()
        self._ctrl[self._actuators] = np.clip(command, self._low, self._high)
