"""A hand goes where an absolute action says, and stays there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from scipy.spatial.transform import Rotation

from zprl_env.envs.robosuite.absolute_pose import (
    from_deltas,
    from_poses,
    from_robosuite,
    to_robosuite,
)
from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.errors import ConfigurationError, InvalidActionError, UnknownNameError

TASKS = {"Lift": ["Panda"], "TwoArmLift": ["Panda", "Panda"]}
IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
HALF_A_TURN = [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]


def absolute(task: str, **kwargs) -> RobosuiteEnv:
    return RobosuiteEnv(task, action="absolute", **kwargs)


@pytest.fixture(scope="module", params=list(TASKS))
def env(request) -> Iterator[RobosuiteEnv]:
    env = absolute(request.param)
    yield env
    env.close()


def hands(env: RobosuiteEnv) -> tuple[np.ndarray, Rotation]:
    """Positions and rotations of the fingertips."""
    sites = [robot.eef_site_id["right"] for robot in env._env.robots]
    data = env.sim.data
    return data.site_xpos[sites], Rotation.from_matrix(data.site_xmat[sites].reshape(-1, 3, 3))


def go(env: RobosuiteEnv, positions: np.ndarray, rotations: Rotation) -> Iterator[np.ndarray]:
    """Send the hands to poses, and tell of the distance and the angle left, step by step."""
    actions = from_poses(positions, rotations.as_matrix(), np.full(len(positions), -1.0))
    for _ in range(40):
        env.step(actions)
        now = hands(env)
        distances = np.linalg.norm(now[0] - positions, axis=1)
        yield np.stack([distances, (now[1].inv() * rotations).magnitude()])


def test_a_hand_that_is_sent_where_it_is_stays_there(env):
    env.reset(seed=0)
    errors = np.array(list(go(env, *hands(env))))
    assert errors.max() < 0.001  # metres and radians


def test_a_hand_arrives_ten_centimetres_away_and_turned_by_thirty_degrees(env):
    env.reset(seed=0)
    positions, rotations = hands(env)
    turn = Rotation.from_rotvec([0.0, 0.0, np.pi / 6])
    errors = list(go(env, positions + np.array([0.0, 0.06, 0.08]), turn * rotations))
    assert errors[0][0].min() > 0.08
    assert errors[0][1].min() > np.deg2rad(25)
    assert errors[-1][0].max() < 0.002
    assert errors[-1][1].max() < np.deg2rad(0.5)


def test_bounds_hold_what_the_arms_reach(env):
    env.reset(seed=0)
    low, high = env.action_space.low, env.action_space.high
    positions, rotations = hands(env)
    action = from_poses(positions, rotations.as_matrix(), np.ones(len(positions)))
    assert low.shape == action.shape == (10 * len(positions),)
    assert np.all(low <= action)
    assert np.all(action <= high)
    extent = (high - low).reshape(-1, 10)
    np.testing.assert_allclose(extent[:, :3], [[1.8, 1.8, 1.3]] * len(positions))
    np.testing.assert_array_equal(extent[:, 3:], 2.0)


def test_other_robots_are_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"got Baxter with 2 and 14; use delta actions"):
        absolute("Lift", gripper_types="RethinkGripper", robots="Baxter", fast=False)


def test_an_unknown_kind_of_action_is_refused_by_name():
    with pytest.raises(UnknownNameError, match=r"unknown kind of action 'pose'; .*'absolute'"):
        RobosuiteEnv("Lift", action="pose")


@pytest.mark.slow
def test_the_fast_loop_does_what_robosuites_does():
    fast, stock = (absolute("TwoArmLift", fast=choice) for choice in (True, False))
    assert (fast.fast, stock.fast) == (True, False)
    rng = np.random.default_rng(0)
    for env in (fast, stock):
        env.reset(seed=1)
    positions, rotations = hands(fast)
    for _ in range(60):
        goals = positions + rng.uniform([-0.1, -0.1, 0.0], 0.1, (2, 3))
        turns = Rotation.from_rotvec(rng.uniform(-0.4, 0.4, (2, 3))) * rotations
        action = from_poses(goals, turns.as_matrix(), rng.uniform(-1, 1, 2))
        results = fast.step(action), stock.step(action)
        for name in ("qpos", "qvel"):
            ours, theirs = getattr(fast.sim.data, name), getattr(stock.sim.data, name)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
        np.testing.assert_allclose(results[0][0], results[1][0], rtol=0, atol=1e-6)
        assert results[0][1:] == results[1][1:]
    for env in (fast, stock):
        env.close()


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_demonstration_in_absolute_actions_goes_the_same_way(task):
    delta, pose = RobosuiteEnv(task), absolute(task)
    observations, states = [delta.reset(seed=2)[0]], []
    size = 7 * len(TASKS[task])
    actions = np.random.default_rng(0).uniform(-1.1, 1.1, (40, size))
    actions[:, 2::7] += 0.3  # in free space
    for action in actions:
        observations.append(delta.step(action)[0])
        states.append(delta.sim.data.qpos.copy())
    table = np.array(observations[:-1])
    seen = {key: table[:, part] for key, part in delta.observation_keys.items()}

    pose.reset(seed=2)
    for action, state in zip(from_deltas(delta._env, seen, actions), states, strict=True):
        pose.step(action)
        np.testing.assert_allclose(pose.sim.data.qpos, state, rtol=0, atol=1e-4)
    delta.close()
    pose.close()


numbers = st.floats(-3.0, 3.0, allow_nan=False, width=64)
poses = npst.arrays(
    np.float64, st.sampled_from([(7,), (14,), (3, 7), (2, 5, 14)]), elements=numbers
)


@given(poses)
def test_there_and_back_is_the_same_pose(actions):
    back = to_robosuite(from_robosuite(actions))
    assert back.shape == actions.shape
    ours, theirs = actions.reshape(-1, 7), back.reshape(-1, 7)
    np.testing.assert_array_equal(ours[:, [0, 1, 2, 6]], theirs[:, [0, 1, 2, 6]])
    # An axis and an angle are not unique: their rotations are compared.
    left = Rotation.from_rotvec(ours[:, 3:6]).inv() * Rotation.from_rotvec(theirs[:, 3:6])
    assert left.magnitude().max() < 1e-6


@given(poses, st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.floats(-5.0, 5.0))
def test_lengths_and_the_angle_between_the_rows_do_not_matter(actions, length, other, slant):
    exact = from_robosuite(actions)
    skewed = exact.reshape(-1, 10).copy()
    skewed[:, 6:9] = other * skewed[:, 6:9] + slant * skewed[:, 3:6]
    skewed[:, 3:6] *= length
    result = from_robosuite(to_robosuite(skewed.reshape(exact.shape)))
    np.testing.assert_allclose(result, exact, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [np.zeros(6), [*IDENTITY[:3], 0, 0, 0], [0, 0, 0, *IDENTITY[3:]], [1, 2, 3, -2, -4, -6]],
)
def test_rows_that_are_no_rotation_are_refused_and_named(rows):
    arm = [0.0, 0.0, 1.0, *IDENTITY, -1.0]
    with pytest.raises(InvalidActionError, match=r"neither zero nor parallel, got \[\[.*1, 0, 0"):
        to_robosuite(np.array([*arm, 0.0, 0.0, 1.0, *rows, -1.0]))


def test_half_a_turn_is_a_rotation_too():
    action = np.array([0.0, 0.0, 1.0, *HALF_A_TURN, -1.0])
    np.testing.assert_allclose(np.abs(to_robosuite(action)[3:6]), [np.pi, 0, 0], atol=1e-9)


@pytest.mark.parametrize("size", [0, 7, 11])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(InvalidActionError, match=rf"10 numbers for each arm, got shape \({size},"):
        to_robosuite(np.zeros(size))
