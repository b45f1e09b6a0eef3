"""The T is pushed where it belongs, from either kind of state, by the model that the expert has."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("gym_pusht", reason="needs the pusht extra")

from policies.demonstrations import Demonstrations
from policies.errors import ConfigurationError, ZprlError
from zprl_env.envs import make_env
from zprl_env.experts import make_expert
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.pusht import CONTACTS, Push, PushTExpert
from zprl_env.experts.pusht_model import RADIUS, clearance, turned
from zprl_env.experts.quality import Quality
from zprl_env.experts.record import Recording, record
from zprl_env.tasks import find_task

TASK = "gym_pusht/PushT-v0"


def test_a_careful_person_succeeds_from_every_start():
    stage = Stage(TASK, 1.0, operator_for(0))
    episodes = [stage.perform(seed, Quality()) for seed in range(3)]
    assert [episode.success for episode in episodes] == [True] * 3
    assert max(len(episode.trajectory) for episode in episodes) < 300
    again = stage.perform(2, Quality()).trajectory.actions
    np.testing.assert_array_equal(again, episodes[2].trajectory.actions)
    poor = stage.perform(0, Quality(grasp_offset=(0.03, 0.0, 0.0)))
    assert len(poor.trajectory) > len(episodes[0].trajectory) or not poor.success
    stage.close()


def test_its_id_is_found_without_an_import_and_its_keypoints_tell_the_pose(tmp_path):
    assert find_task(TASK) == find_task(f"gym_pusht:{TASK}")
    assert isinstance(make_expert(TASK), PushTExpert)
    env: Any = make_env(TASK, obs_type="environment_state_agent_pos")
    seen, _ = env.reset(seed=4)
    position, pose = PushTExpert("PushT")._read(seen)
    np.testing.assert_allclose(position, env.unwrapped.agent.position)
    np.testing.assert_allclose(pose[:2], env.unwrapped.block.position, atol=1e-6)
    np.testing.assert_allclose(np.cos(pose[2]), np.cos(env.unwrapped.block.angle))
    out = tmp_path / "pusht.hdf5"
    kwargs = ("obs_type=environment_state_agent_pos",)
    record(Recording(out, TASK, kwargs, episodes=1, skill=1.0))
    (episode,) = Demonstrations.load(out).trajectories
    assert {*episode.observations} == {"agent_pos", "environment_state"}


def test_the_model_is_the_environment_s_physics():
    expert, env = PushTExpert("PushT"), gym.make(TASK, disable_env_checker=True)
    state, _ = env.reset(seed=1)
    expert.reset(Quality())
    for _ in range(60):
        before = expert._agent
        state, *_ = env.step(expert.act({"observation": state}))
    assert before is not None
    _, pose = expert._read({"observation": state})
    agent = expert._agent
    assert agent is not None
    after = agent.after(expert._action)
    np.testing.assert_allclose(after.position, state[:2], atol=1e-6)
    actions = np.tile(pose[:2], (5, 1))
    for action in actions:
        state, *_ = env.step(action)
    predicted = expert._model.pushed(pose, after, actions)
    assert np.abs(predicted[:2] - state[2:4]).max() < 3.0


def test_pushes_begin_beside_the_t_and_go_into_it():
    pose = np.array([250.0, 250.0, 0.7])
    for point, line in CONTACTS:
        start = pose[:2] + turned(point - (RADIUS + 4.0) * line, 0.7)
        push = Push(start, turned(line, 0.7), 24.0)
        assert clearance(start, pose)[0] > RADIUS
        assert clearance(push.targets(16.0)[-1], pose)[0] < clearance(start, pose)[0]


def test_other_observations_and_no_reset_are_refused():
    expert = PushTExpert("PushT")
    with pytest.raises(ZprlError, match="must be reset before it acts"):
        expert.act({"observation": np.zeros(5)})
    expert.reset(Quality())
    with pytest.raises(ConfigurationError, match=r"must show the state.* of shape \(3,\)"):
        expert.act({"observation": np.zeros(3)})
