"""What info["steering"] says, against closed forms."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.steering.demonstrated import DemonstratedLatents
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy
from zprl_env.vectorised.alternating import AlternatingVecEnv

OPTIONS: dict[str, dict[str, Any]] = {
    "latent": {"scale": 0.5},
    "noise": {"scale": 1.5},
    "joint": {"scale": 0.5, "noise_bound": 1.5},
    "action": {"scale": 0.2},
}


@pytest.fixture
def policy() -> LinearPolicy:
    policy = LinearPolicy(observation_dim=3, action_dim=2)
    policy.latent_rms = np.array([1.0, 7.0], np.float32)
    return policy


def measure(steer, policy, action, **options):
    env = STEERINGS[steer].wrapper(RecordingEnv(), policy, **OPTIONS[steer], **options)
    env.reset(seed=0)
    *_, info = env.step(np.broadcast_to(np.float32(action), (env.steering.agent_dim,)))
    return info["steering"]


@pytest.mark.parametrize(
    ("steer", "ratio"),
    [
        ("latent", 0.5 * 0.8 / 5.0),  # RMS(z) is 5
        ("joint", 0.5 * 0.8 / 5.0),
        ("noise", 1.5 * 0.8),
        ("action", 0.2 * 0.8),
    ],
)
def test_the_ratio_is_that_of_two_root_mean_squares(steer, ratio, policy):
    assert measure(steer, policy, 0.8)["ratio"] == pytest.approx(ratio)
    assert measure(steer, policy, 0.0)["ratio"] == 0.0
    assert measure(steer, policy, -100.0)["ratio"] == pytest.approx(ratio / 0.8)  # it is clipped


@pytest.mark.parametrize("steer", STEERINGS)
def test_saturation_is_the_share_of_numbers_at_the_bounds(steer, policy):
    size = STEERINGS[steer].wrapper(RecordingEnv(), policy, **OPTIONS[steer]).steering.agent_dim
    action = np.zeros(size)
    assert measure(steer, policy, action)["saturation"] == 0.0
    action[:2] = (-0.96, 0.94)
    assert measure(steer, policy, action)["saturation"] == pytest.approx(1 / size)
    assert measure(steer, policy, 1.0)["saturation"] == 1.0


@pytest.mark.parametrize(("steer", "moved"), [("latent", 0.4), ("joint", 0.4), ("noise", 0.0)])
def test_the_distance_is_that_of_the_decoded_latent(steer, moved, policy):
    quiet = {"sample_latent": False}
    z = RecordingEnv().reset(seed=0)[0][:2] + moved
    expected = np.sqrt(np.mean((z / policy.latent_rms) ** 2))
    assert measure(steer, policy, 0.8, **quiet)["distance"] == pytest.approx(expected)


def test_a_policy_without_statistics_is_measured_by_the_prior(policy):
    del policy.latent_rms
    demonstrated = DemonstratedLatents.of(policy)
    np.testing.assert_allclose(demonstrated.distance(np.array([[0, 0], [3, 3]])), [0, 3])
    assert measure("latent", policy, 1.0)["ratio"] == pytest.approx(0.5)


def chunked(**options: int) -> ActionChunkWrapper:
    return ActionChunkWrapper(RecordingEnv(**options), 2)


@pytest.mark.parametrize("steer", STEERINGS)
@pytest.mark.parametrize("workers", [DummyVecEnv, partial(SubprocVecEnv, start_method="fork")])
def test_environments_in_a_batch_say_what_they_would_say_alone(steer, workers, policy):
    lengths = (3, 100)
    together = SteeringVecEnv(
        workers([partial(chunked, truncate_at=length) for length in lengths]),
        policy,
        steer=steer,
        **OPTIONS[steer],
    )
    together.seed(7)
    together.reset()
    wrapper = STEERINGS[steer].wrapper
    alone = [
        wrapper(RecordingEnv(truncate_at=length), policy, **OPTIONS[steer]) for length in lengths
    ]
    for index, env in enumerate(alone):
        env.reset(seed=7 + index)
    generator = np.random.default_rng(0)
    for _ in range(5):  # the first episode ends within
        actions = generator.uniform(-1.2, 1.2, (2, *together.action_space.shape)).astype(np.float32)
        _, _, _, infos = together.step(actions)
        for env, action, info in zip(alone, actions, infos, strict=True):
            _, _, terminated, truncated, expected = env.step(action)
            assert info["steering"] == pytest.approx(expected["steering"], rel=1e-5)
            if terminated or truncated:
                env.reset()
    together.close()


def test_halves_that_take_turns_each_tell_of_their_own_decision(policy):
    halves = [SteeringVecEnv(DummyVecEnv([chunked]), policy, scale=0.5) for _ in range(2)]
    envs = AlternatingVecEnv(*halves)
    envs.reset()
    told = [envs.step(np.full((1, 2), size))[3][0]["steering"]["ratio"] for size in (0.2, 0.4, 0.6)]
    # The second half began with a zero action; from then on one step passes in between.
    np.testing.assert_allclose(told, [0.0, 0.2 * 0.5 / 5, 0.4 * 0.5 / 5], rtol=1e-5)
