"""The fast control loop does what robosuite's does, in a fraction of the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.helpers.stock_arm import StockArm, state
from zprl_env.envs.robosuite import fast_loop
from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.envs.robosuite.fast_loop import FastLoop, covers, task_class
from zprl_env.tasks import TASKS

STEPS = 500
EPISODE = 50


def grasping(observation: np.ndarray, t: int, rng: np.random.Generator) -> np.ndarray:
    """A noisy action that goes to the cube, grasps and lifts it."""
    action = 0.1 * rng.normal(size=7)
    action[:3] += np.clip(20 * observation[-3:], -1, 1) if t < 30 else [0, 0, 1]
    action[6] = 1 if t > 22 else -1
    return action


def run_both(fast: RobosuiteEnv, stock: RobosuiteEnv, in_free_space: bool) -> Iterator[tuple]:
    """Step both with the same actions, half of the episodes grasping unless in free space."""
    rng = np.random.default_rng(1)
    steps, seed = 0, 0
    while steps < STEPS:
        seed += 1
        observation, _ = fast.reset(seed=seed)
        np.testing.assert_array_equal(observation, stock.reset(seed=seed)[0])
        for t in range(EPISODE):
            action = rng.uniform(-1, 1, 7)
            if in_free_space:
                action[2] += 0.3
            elif seed % 2:
                action = grasping(observation, t, rng)
            result = fast.step(action)
            observation = result[0]
            steps += 1
            yield result, stock.step(action)
            if result[2]:
                break


@pytest.mark.slow
def test_but_for_the_torques_the_loop_changes_not_a_bit(fast, stock, monkeypatch):
    monkeypatch.setattr(FastLoop, "arm_type", StockArm)
    successes = 0
    for ours, theirs in run_both(fast, stock, in_free_space=False):
        np.testing.assert_array_equal(state(fast), state(stock))
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert ours[1:] == theirs[1:]
        successes += ours[2]
    assert successes > 0, "the comparison should include grasps"
    assert max(StockArm.goal_differences) == 0
    assert len(StockArm.torque_differences) > 24 * STEPS
    assert max(StockArm.torque_differences) < 1e-9  # of up to 80 N m


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Can", "Square", "Stack", "Door", "Transport"])
def test_on_other_tasks_the_loop_changes_not_a_bit_either(name, monkeypatch):
    monkeypatch.setattr(FastLoop, "arm_type", StockArm)
    monkeypatch.setattr(StockArm, "goal_differences", [])
    monkeypatch.setattr(StockArm, "torque_differences", [])
    task, rng = TASKS[name], np.random.default_rng(2)
    with (
        closing(RobosuiteEnv(task.kwargs["task"])) as fast,
        closing(RobosuiteEnv(task.kwargs["task"], fast=False)) as stock,
    ):
        for step in range(4 * EPISODE):
            if step % (2 * EPISODE) == 0:
                np.testing.assert_array_equal(fast.reset(seed=step)[0], stock.reset(seed=step)[0])
            action = rng.uniform(-1, 1, task.action_dim)
            ours, theirs = fast.step(action), stock.step(action)
            np.testing.assert_array_equal(state(fast), state(stock))
            np.testing.assert_array_equal(ours[0], theirs[0])
            assert ours[1:] == theirs[1:]
    arms = 2 if name == "Transport" else 1
    assert len(StockArm.torque_differences) > 24 * 4 * EPISODE * arms
    assert max(StockArm.goal_differences) == 0
    assert max(StockArm.torque_differences) < 1e-6  # of up to 80 N m


@pytest.mark.slow
def test_states_equal_robosuites_over_500_random_control_steps(fast, stock):
    # In free space: contacts amplify a rounding error to any size, in robosuite alone as well.
    for ours, theirs in run_both(fast, stock, in_free_space=True):
        for name in ("qpos", "qvel"):
            difference = np.abs(getattr(fast.sim.data, name) - getattr(stock.sim.data, name))
            assert difference.max() < 1e-9
        np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-6)
        assert ours[1:] == theirs[1:]


def test_it_takes_a_third_of_the_time(fast, stock):
    seconds: dict[RobosuiteEnv, list[float]] = {fast: [], stock: []}
    for env in seconds:
        env.reset(seed=0)
        env.step(np.zeros(7))
    # Step by step in turns, of which the quickest is compared: whatever else the machine does only
    # adds, and to both.
    for action in np.random.default_rng(0).uniform(-0.5, 0.5, (40, 7)):
        for env, times in seconds.items():
            start = time.thread_time()
            env.step(action)
            times.append(time.thread_time() - start)
    assert min(seconds[fast]) < min(seconds[stock]) / 3


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("impedance_mode", "variable"),
        ("interpolator_pos", object()),
        ("use_ori", False),
        ("uncoupling", False),
    ],
)
def test_other_controllers_are_left_to_robosuite(fast, monkeypatch, attribute, value):
    fast.reset(seed=0)
    assert covers(fast._env)
    arm = fast._env.robots[0].composite_controller.part_controllers["right"]
    monkeypatch.setattr(arm, attribute, value)
    assert not covers(fast._env)


def test_what_it_does_not_cover_runs_all_the_same():
    env = RobosuiteEnv("Lift", lite_physics=False)
    env.reset(seed=0)
    env.step(np.zeros(7))
    assert not env.fast
    env.close()


def test_a_robosuite_that_was_not_checked_is_named_and_left_as_it_is(monkeypatch):
    monkeypatch.setattr(fast_loop, "CHECKED_VERSIONS", ("1.4.0", "1.4.1"))
    with pytest.warns(UserWarning, match=r"against robosuite 1.4.0, 1.4.1, this is 1.5.2.*slower"):
        name = task_class("Lift", fast=True)
    assert name == task_class("Lift", fast=False) == "ZPRLLift"
