"""Fast control loop of robosuite: the same physics without repeated work in Python.

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

from zprl_env.envs.robosuite.end_of_step import EndOfStep
from zprl_env.envs.robosuite.fast_parts import FastArm, FastGripper

CHECKED_VERSIONS = ("1.5.2",)
"""The robosuite versions whose control loop is known to be the one reproduced here."""

PREFIX = "ZPRL"
"""Prefix of the derived classes' names in robosuite's registry."""


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


class FastLoop(EndOfStep):
    """Mixin of robosuite's environments: the fast control loop.

    Attributes:
        fast: Whether the loop is in use; where it does not cover robots, controllers or task,
            robosuite's own runs. The recent forces, torques and poses that robosuite keeps on
            the side are not kept.
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
        self._grippers: list[FastGripper] = []

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], float, bool, dict[str, Any]]:
        """Run one control step; the result is that of robosuite's ``step``."""
        if not self.fast:
            return super().step(action)  # type: ignore[misc]
        first = self.timestep == 0
        self.timestep += 1
        model, data = self.sim.model._model, self.sim.data._data
        substeps = int(self.control_timestep / self.model_timestep)
        flags = model.opt.disableflags
        # Sensors tell of the last substep only, and have no part in the physics.
        model.opt.disableflags = flags | mujoco.mjtDisableBit.mjDSBL_SENSOR
        try:
            for substep in range(substeps):
                if substep == substeps - 1:
                    model.opt.disableflags = flags
                mujoco.mj_step1(model, data)
                if substep == 0:
                    self._decide(action, first)
                if not (substep == 0 and first):
                    for arm in self._arms:
                        arm.apply()
                mujoco.mj_step2(model, data)
        finally:
            model.opt.disableflags = flags
        self.cur_time += self.control_timestep
        reward, done, info = self._post_action(action)
        return self._get_observations(), reward, done, info

    def _decide(self, action: np.ndarray, first: bool) -> None:
        """Turn an action into goals."""
        if first:
            # In an episode's first substep the controllers act on what they saw when they were
            # made, before the fingers and the objects were put in place.
            self._pre_action(action, policy_step=True)  # type: ignore[attr-defined]
            self._collect_parts()
            return
        for gripper in self._grippers:
            gripper.set_goal(action)
        for arm in self._arms:
            arm.set_goal(action)

    def _collect_parts(self) -> None:
        """Collect the episode's controllers; robosuite makes new ones at every reset."""
        self._arms, self._grippers = [], []
        start = 0
        for robot in self.robots:
            composite = robot.composite_controller
            for name in composite.part_controllers:
                low, high = composite._action_split_indexes[name]
                where = slice(start + low, start + high)
                if name in composite.grippers:
                    self._grippers.append(FastGripper(robot, name, where))
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
    """Tell whether the fast loop computes for an environment the same as robosuite's own."""
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
            or controller.interpolator_pos is not None
            or controller.interpolator_ori is not None
            or model.body_weldid[model.site_bodyid[center]] != 0
        ):
            return False
    return True
