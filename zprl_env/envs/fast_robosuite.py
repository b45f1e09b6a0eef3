"""robosuite's control loop without what it repeats.

robosuite spends about five times as long in Python as in MuJoCo: at each of the 25 physics
substeps of a control step it looks up names, reads references and limits, runs the controllers
line by line and samples every observable. The classes here are subclasses of its environments
with the same physics: goals, gripper commands and limits are worked out once per control step,
torques by one compiled function, observables once, when they are returned.
"""

from __future__ import annotations

import warnings
from typing import Any

import mujoco
import numpy as np
import robosuite
from robosuite.controllers.composite.composite_controller import CompositeController
from robosuite.controllers.parts.arm.osc import OperationalSpaceController
from robosuite.controllers.parts.gripper.simple_grip import SimpleGripController
from robosuite.environments.base import REGISTERED_ENVS, MujocoEnv
from robosuite.environments.robot_env import RobotEnv
from robosuite.robots.fixed_base_robot import FixedBaseRobot

from zprl_env.envs.operational_space import apply_torques

CHECKED_VERSIONS = ("1.5.2",)
"""The robosuite versions whose control loop is known to be the one reproduced here."""

PREFIX = "ZPRL"
"""What the derived classes' names begin with in robosuite's registry."""


def tasks() -> list[str]:
    """Return the names of robosuite's environments."""
    return [name for name in REGISTERED_ENVS if not name.startswith(PREFIX)]


def task_class(task: str, fast: bool) -> str:
    """Derive an environment class and return the name it has in robosuite's registry.

    Args:
        task: Name of a robosuite environment, e.g. ``"Lift"``.
        fast: Whether to replace the control loop. That of a robosuite which was not checked is
            left as it is, with a warning.
    """
    if fast and robosuite.__version__ not in CHECKED_VERSIONS:
        warnings.warn(
            f"the fast control loop was checked against robosuite {', '.join(CHECKED_VERSIONS)}, "
            f"this is {robosuite.__version__}: using robosuite's own, which is slower; pass "
            "fast=False to choose it silently",
            stacklevel=3,
        )
        fast = False
    name = f"{PREFIX}{'Fast' if fast else ''}{task}"
    if name not in REGISTERED_ENVS:  # the metaclass registers the new class
        type(name, (FastLoop if fast else EndOfStep, REGISTERED_ENVS[task]), {})
    return name


class EndOfStep:
    """A mixin: rewards and observations describe the state at the end of the control step.

    robosuite computes both from body poses of the substep before. Where an observable is made
    from others that come after it (the pose of Square's nut relative to the hand), robosuite
    makes it from their values of the control step before, and in a reset from zeros.
    """

    sim: Any
    timestep: int
    _obs_cache: dict[str, np.ndarray]
    _observables: dict[str, Any]
    _update_observables: Any
    _passes = 1
    fast = False

    def diverged(self) -> bool:
        """Whether MuJoCo met a number it could not go on with, and started over by itself."""
        counts = self.sim.data._data.warning.number
        return bool(counts[mujoco.mjtWarning.mjWARN_BADQPOS :].any())

    def _post_action(self, action: np.ndarray) -> tuple[float, bool, dict[str, Any]]:
        # Integration moves the joints and leaves the bodies where they were.
        mujoco.mj_kinematics(self.sim.model._model, self.sim.data._data)
        return super()._post_action(action)  # type: ignore[misc]

    def _get_observations(self, force_update: bool = False) -> dict[str, np.ndarray]:
        if self.timestep == 0:
            self._passes = self._count_passes()
        for _ in range(self._passes - 1):
            self._update_observables(force=True)
        return super()._get_observations(force_update=True)  # type: ignore[misc]

    def _count_passes(self) -> int:
        """Return how often the observables have to be sampled until none is out of date."""
        self._obs_cache = {}
        passes, before = 0, None
        while passes <= len(self._observables):
            self._update_observables(force=True)
            now = [np.ravel(observable.obs) for observable in self._observables.values()]
            if before is not None and all(map(np.array_equal, before, now)):
                break
            passes, before = passes + 1, now
        return passes


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
        self._position = self.data.site_xpos[self._site]
        self._rotation = self.data.site_xmat[self._site]
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
        """Set the goal that an action asks for, from where the hand is now."""
        controller = self.controller
        controller.ref_pos[:] = self._position
        controller.ref_ori_mat[:] = self._rotation.reshape(3, 3)
        delta = controller.scale_action(action[self.where])
        controller.goal_pos = controller.compute_goal_pos(delta[:3])
        controller.goal_ori = controller.compute_goal_ori(delta[3:6])
        self._point_at_goal()

    def apply(self) -> None:
        """Command the torques of one substep."""
        data = self.data
        mujoco.mj_jacSite(self.model, data, *self._jacobian_rows, self._site)
        mujoco.mj_fullM(self.model, self._mass, data.qM)
        regular = apply_torques(
            data.qpos,
            data.qvel,
            data.qfrc_bias,
            data.ctrl,
            self._mass,
            self._jacobian,
            self._position,
            self._rotation,
            self._goal_position,
            self._goal_rotation,
            *self._constants,
        )
        if not regular:
            data.ctrl[self.actuators] = np.clip(self.controller.run_controller(), *self.limits)

    def _point_at_goal(self) -> None:
        """Express the controller's goal in the world, where the arm's base does not move."""
        position, rotation = self.controller.goal_pos, self.controller.goal_ori
        if self.controller.input_ref_frame == "base":
            axes = self.controller.origin_ori
            position = self.controller.origin_pos + np.dot(axes, position)
            rotation = np.dot(axes, rotation)
        self._goal_position, self._goal_rotation = position, np.ascontiguousarray(rotation)


class _Gripper:
    """One gripper's controller, for one episode: its command holds for a control step."""

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


class FastLoop(EndOfStep):
    """A mixin: the control loop without what it repeats.

    Attributes:
        fast: Whether the loop is in use; where it does not cover robots, controllers or task,
            robosuite's own runs.
        arm_type: What computes an arm's torques.
    """

    arm_type = FastArm
    robots: list[Any]
    cur_time: float
    control_timestep: float
    model_timestep: float
    lite_physics: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fast = covers(self)
        self._arms: list[FastArm] = []
        self._grippers: list[_Gripper] = []

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], float, bool, dict[str, Any]]:
        """Run one control step; returns what robosuite's ``step`` returns."""
        if not self.fast:
            return super().step(action)  # type: ignore[misc]
        first = self.timestep == 0
        self.timestep += 1
        model, data = self.sim.model._model, self.sim.data._data
        flags = model.opt.disableflags
        # Sensors say something about the last substep only, and have no part in the physics.
        model.opt.disableflags = flags | mujoco.mjtDisableBit.mjDSBL_SENSOR
        substeps = int(self.control_timestep / self.model_timestep)
        for substep in range(substeps):
            if substep == substeps - 1:
                model.opt.disableflags = flags
            mujoco.mj_step1(model, data)
            if substep == 0 and first:
                # In an episode's first substep the controllers act on what they saw when they
                # were made, before the fingers and the objects were put in place.
                self._pre_action(action, policy_step=True)  # type: ignore[attr-defined]
                self._collect_parts()
            else:
                if substep == 0:
                    for gripper in self._grippers:
                        gripper.set_goal(action)
                    for arm in self._arms:
                        arm.set_goal(action)
                for arm in self._arms:
                    arm.apply()
            mujoco.mj_step2(model, data)
        self.cur_time += self.control_timestep
        reward, done, info = self._post_action(action)
        return self._get_observations(), reward, done, info

    def _collect_parts(self) -> None:
        """Look at the episode's controllers; robosuite makes new ones at every reset."""
        self._arms, self._grippers = [], []
        start = 0
        for robot in self.robots:
            composite = robot.composite_controller
            for name in composite.part_controllers:
                low, high = composite._action_split_indexes[name]
                where = slice(start + low, start + high)
                if name in composite.grippers:
                    self._grippers.append(_Gripper(robot, name, where))
                else:
                    self._arms.append(self.arm_type(robot, name, where))
            start += robot.action_dim

    def _setup_observables(self) -> dict[str, Any]:
        observables = super()._setup_observables()  # type: ignore[misc]
        for robot in self.robots:
            for name, observable in observables.items():
                if observable.modality == f"{robot.robot_model.naming_prefix}proprio":
                    observable.set_enabled(name.endswith(("eef_pos", "eef_quat", "gripper_qpos")))
        return observables


def covers(env: Any) -> bool:
    """Whether the fast loop does for an environment what robosuite's own loop does."""
    ancestors = type(env).__mro__
    task: Any = ancestors[ancestors.index(EndOfStep) + 1]
    return (
        env.lite_physics
        and task.step is MujocoEnv.step
        and task._pre_action is RobotEnv._pre_action
        and task._post_action is MujocoEnv._post_action
        and all(_covers_robot(robot) for robot in env.robots)
    )


def _covers_robot(robot: Any) -> bool:
    composite = robot.composite_controller
    if type(robot) is not FixedBaseRobot or type(composite) is not CompositeController:
        return False
    model = robot.sim.model._model
    for name, controller in composite.part_controllers.items():
        if name in composite.grippers:
            if type(controller) is not SimpleGripController or controller.interpolator:
                return False
            continue
        center = robot.sim.model.site_name2id(f"{controller.naming_prefix}{name}_center")
        if (
            type(controller) is not OperationalSpaceController
            or not controller.use_ori
            or not controller.uncoupling
            or controller.impedance_mode != "fixed"
            or controller.input_type != "delta"
            or controller.interpolator_pos is not None
            or controller.interpolator_ori is not None
            or model.body_weldid[model.site_bodyid[center]] != 0
        ):
            return False
    return True
