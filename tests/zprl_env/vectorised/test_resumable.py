"""Environments go where others of the same seed were."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.point import PointEnv
from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.testing import LinearPolicy
from zprl_env.vectorised.resumable import ResumableVecEnv


class Remembering(LinearPolicy):
    """Its latent is where the episode has led, not where it stands."""

    def __init__(self):
        super().__init__(3, 2)
        self.led: dict[int, np.ndarray] = {}

    def reset(self, indices):
        """Begin episodes."""
        self.led |= {index: np.zeros(3, np.float32) for index in indices}

    def encode(self, observations, indices=()):
        """Encode the sum of what was seen."""
        for index, seen in zip(indices, observations, strict=True):
            self.led[index] = self.led[index] + seen
        return super().encode(np.stack([self.led[index] for index in indices]))


def make(env_class=PointEnv, count=1, policy=None) -> ResumableVecEnv:
    def one() -> gym.Env:
        limited = gym.wrappers.TimeLimit(env_class(), 20)
        return ActionChunkWrapper(SeededEpisodes(limited), 2)

    steered = SteeringVecEnv(
        DummyVecEnv([one] * count), policy or LinearPolicy(3, 2), scale=0.5, noise="fresh"
    )
    envs = ResumableVecEnv(steered)
    envs.seed(4)
    return envs


def play(envs, decisions: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    actions = rng.uniform(-1, 1, (decisions, envs.num_envs, 2)).astype(np.float32)
    return [envs.step(action)[0] for action in actions]


@pytest.mark.parametrize("kind", [LinearPolicy, Remembering])
@pytest.mark.parametrize("decisions", [0, 1, 7, 40])
def test_one_alone_is_brought_to_the_very_state(decisions, kind):
    envs, other = (make(policy=Remembering() if kind is Remembering else None) for _ in range(2))
    envs.reset()
    last = [envs.reset(), *play(envs, decisions)][-1]
    assert other.go_to(envs.place)
    np.testing.assert_array_equal(other.reset(), last)
    np.testing.assert_array_equal(play(other, 30, 1), play(envs, 30, 1))


def test_the_reset_after_that_begins_the_next_episode():
    envs, other = make(), make()
    envs.reset()
    other.go_to(envs.place)
    other.reset()
    np.testing.assert_array_equal(other.reset(), envs.reset())
    assert other.place.episode == envs.place.episode == 1


@pytest.mark.parametrize("kind", ["several", "on hardware", "given up"])
def test_others_begin_the_next_episode(kind):
    several = kind == "several"
    env_class = RecordingEnv if kind == "on hardware" else PointEnv
    envs, other, third = (make(env_class, count=1 + several) for _ in range(3))
    envs.reset()
    play(envs, 3)
    place = envs.place.left() if kind == "given up" else envs.place
    assert not other.go_to(place)
    assert other.place.episode == place.episode + 1
    third.reset()
    third.env_method("continue_at", place.episode + 1)
    np.testing.assert_array_equal(other.reset(), third.reset())


class ForgetfulEnv(PointEnv):
    """Claims to be replayable, and is not."""

    made = 0

    def step(self, action):
        observation, *rest = super().step(action)
        ForgetfulEnv.made += 1
        return observation + 0.001 * self.made, *rest


def test_what_does_not_come_out_the_same_is_given_up():
    envs, other = make(ForgetfulEnv), make(ForgetfulEnv)
    envs.reset()
    play(envs, 2)
    assert not other.go_to(envs.place)
    assert other.place.episode == envs.place.episode + 1


def test_the_dice_are_the_episode_s():
    envs, other = make(), make()
    for one in (envs, other):
        one.reset()
    play(envs, 60)
    episode = envs.place.episode
    assert episode >= 2
    for one in (envs, other):
        one.env_method("continue_at", 1)
    np.testing.assert_array_equal(envs.reset(), other.reset())
    np.testing.assert_array_equal(play(envs, 4, 2), play(other, 4, 2))
