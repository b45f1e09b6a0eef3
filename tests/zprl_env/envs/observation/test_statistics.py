"""A frozen policy is shown no observations whose scale goes on changing."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

from tests.helpers import seen
from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.errors import PolicyMismatchError
from zprl_env.testing import LinearPolicy

POLICY = LinearPolicy(3, 2)
TOLD = "statistics that go on changing"


def normalised(update: bool = True) -> gym.Env:
    env = gym.wrappers.NormalizeObservation(RecordingEnv())
    env.update_running_mean = update
    return gym.wrappers.TimeLimit(env, 5)


def test_an_environment_that_normalises_underneath_is_refused_until_its_statistics_are_fixed():
    with pytest.raises(PolicyMismatchError, match=TOLD):
        LatentSteeringWrapper(normalised(), POLICY, scale=0.5)
    LatentSteeringWrapper(normalised(update=False), POLICY, scale=0.5)


def test_so_is_one_among_several():
    makers = [lambda n=n: ActionChunkWrapper(normalised(update=n == 1), 2) for n in range(2)]
    with pytest.raises(PolicyMismatchError, match=TOLD):
        SteeringVecEnv(DummyVecEnv(makers), POLICY, scale=0.5)
    SteeringVecEnv(DummyVecEnv(makers[:1]), POLICY, scale=0.5)


@pytest.mark.parametrize(
    ("settings", "refused"),
    [({}, True), ({"training": False}, False), ({"norm_obs": False}, False)],
)
def test_a_vector_s_wrapper_underneath_is_refused_as_well(settings, refused):
    chunks = DummyVecEnv([lambda: ActionChunkWrapper(RecordingEnv(), 2)])
    venv = VecMonitor(VecNormalize(chunks, **settings))
    if refused:
        with pytest.raises(PolicyMismatchError, match=TOLD):
            SteeringVecEnv(venv, POLICY, scale=0.5)
    else:
        SteeringVecEnv(venv, POLICY, scale=0.5)


def test_around_the_steering_it_is_the_agent_s_own_affair():
    chunks = DummyVecEnv([lambda: ActionChunkWrapper(RecordingEnv(), 2)])
    VecNormalize(SteeringVecEnv(chunks, POLICY, scale=0.5)).reset()


def test_pictures_that_it_has_made_floats_are_refused_by_their_key(tmp_path):
    from zprl_env.loading.resolve import resolve_policy

    policy: Any = resolve_policy(seen.save_policy(tmp_path / "seen"))
    chunks = DummyVecEnv([lambda: ActionChunkWrapper(seen.SeenEnv(), 2)])
    venv = VecNormalize(chunks, training=False, norm_obs_keys=["wrist"])
    with pytest.raises(PolicyMismatchError, match="camera wrist must be uint8, 0 to 255"):
        SteeringVecEnv(venv, policy, scale=0.5)
