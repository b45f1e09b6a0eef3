"""The reference environments simulate what ours does."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from benchmarks.tools import stock
from benchmarks.tools.episodes import random_episode
from zprl_env import make_env

SIMULATORS = {"Lift": "robosuite", "box-close": "metaworld", "hammer": "gymnasium_robotics"}


def simulation(env):
    """MuJoCo's data, whoever made the environment."""
    inner = env.unwrapped
    if hasattr(inner, "_simulation"):
        return inner._simulation()[1]
    return inner.env.sim.data if isinstance(inner, stock.OwnRobosuite) else inner.data


@pytest.mark.slow
@pytest.mark.parametrize("task", SIMULATORS)
def test_physics_own_and_ours_simulate_the_same_time_with_the_same_actions(task):
    pytest.importorskip(SIMULATORS[task])
    with closing(make_env(task)) as ours, closing(stock.own(task)) as own:
        assert own.action_space.shape == ours.action_space.shape
        episode = random_episode(ours, 3)
        with closing(stock.Physics(task, episode)) as physics:
            lasted = []
            for env in (physics, own, ours):
                for _ in range(2):  # the second time is like the first
                    env.reset(seed=episode.seed)
                    env.step(episode.actions[0])
                start = simulation(env).time
                for action in episode.actions[1:]:
                    env.step(action)
                lasted.append(simulation(env).time - start)
            assert lasted[0] > 0
            assert lasted == pytest.approx([lasted[0]] * 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "tolerance"),
    [("Lift", 0.1), ("box-close", 1e-6), ("hammer", 1e-6)],  # robosuite's torques do not hold
)
def test_physics_plays_our_episode(task, tolerance):
    pytest.importorskip(SIMULATORS[task])
    with closing(make_env(task)) as ours:
        episode = random_episode(ours, 20)
        with closing(stock.Physics(task, episode)) as physics:
            physics.reset()
            ours.reset(seed=episode.seed)
            for action in episode.actions:
                ours.step(action)
                physics.step(action)
                np.testing.assert_allclose(
                    physics.data.qpos, simulation(ours).qpos, rtol=0.0, atol=tolerance
                )
