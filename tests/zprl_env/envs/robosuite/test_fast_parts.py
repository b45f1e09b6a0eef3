"""The parts of the fast loop set goals as robosuite's controllers do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.helpers.stock_arm import state
from zprl_env.envs.robosuite import fast_parts
from zprl_env.envs.robosuite.fast_parts import FastArm, FastGripper


def test_at_a_singular_posture_robosuites_own_controller_takes_over(fast, stock, monkeypatch):
    monkeypatch.setattr(fast_parts, "apply_torques", lambda *_: False)
    fast.reset(seed=0)
    stock.reset(seed=0)
    for action in np.random.default_rng(0).uniform(-1, 1, (10, 7)):
        fast.step(action)
        stock.step(action)
        np.testing.assert_array_equal(state(fast), state(stock))


def test_an_arm_s_goal_is_robosuite_s(fast):
    fast.reset(seed=0)
    robot = fast._env.robots[0]
    controller = robot.composite_controller.part_controllers["right"]
    arm = FastArm(robot, "right", slice(0, 6))
    for action in np.random.default_rng(0).uniform(-1, 1, (5, 7)):
        arm.set_goal(action)
        ours = np.concatenate([controller.goal_pos, np.ravel(controller.goal_ori)])
        controller.update(force=True)
        controller.set_goal(action[:6])
        theirs = np.concatenate([controller.goal_pos, np.ravel(controller.goal_ori)])
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize(("command", "side"), [(-1.0, "open"), (1.0, "closed")])
def test_a_gripper_s_command_stays_within_its_motors_range(fast, command, side):
    fast.reset(seed=0)
    robot = fast._env.robots[0]
    gripper = FastGripper(robot, "right_gripper", slice(6, 7))
    action = np.zeros(7)
    action[6] = command
    for _ in range(30):
        gripper.set_goal(action)
    motors = robot._ref_actuators_indexes_dict["right_gripper"]
    low, high = fast._env.sim.model._model.actuator_ctrlrange[motors].T
    ends = {"open": [high[0], low[1]], "closed": [low[0], high[1]]}
    np.testing.assert_allclose(fast._env.sim.data._data.ctrl[motors], ends[side])
