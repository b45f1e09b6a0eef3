"""Recorded episodes that are replayed, step by step or steered, to time environment steps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from zprl_env import LatentSteeringWrapper
from zprl_env.errors import ZprlError
from zprl_env.steerable import SteerablePolicy


class Episode(NamedTuple):
    """A seed and the actions from there; shape ``(T, A)``."""

    seed: int
    actions: np.ndarray


class Recorder(gym.Wrapper[Any, np.ndarray, Any, np.ndarray]):
    """Remembers the actions of an episode."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Forget those of the episode before."""
        self.actions: list[np.ndarray] = []
        return super().reset(**options)

    def step(self, action: np.ndarray) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Remember one."""
        self.actions.append(action)
        return super().step(action)


def random_episode(env: gym.Env, length: int) -> Episode:
    """Draw the actions of an episode."""
    env.action_space.seed(0)
    return Episode(0, np.array([env.action_space.sample() for _ in range(length)]))


def steer(env: gym.Env, policy: SteerablePolicy) -> LatentSteeringWrapper:
    """Make chance play no part, so that a seed has one sequence of actions."""
    return LatentSteeringWrapper(env, policy, scale=0.0, sample_latent=False, noise="zero")


def record(env: gym.Env, policy: SteerablePolicy, count: int) -> list[Episode]:
    """Let the policy play some episodes by itself."""
    recorder = Recorder(env)
    steered = steer(recorder, policy)
    episodes = []
    for seed in range(count):
        over = not steered.reset(seed=seed)
        while not over:
            _, _, terminated, truncated, _ = steered.step(np.zeros(policy.latent_dim, np.float32))
            over = terminated or truncated
        episodes.append(Episode(seed, np.array(recorder.actions)))
    return episodes


def decisions(env: gym.Env, policy: SteerablePolicy, count: int) -> Iterator[np.ndarray]:
    """Play the policy's episodes and pause where it decides.

    What the caller runs in a pause finds the caches as the simulator leaves them.

    Args:
        env: The bare simulator.
        policy: The policy.
        count: How many episodes.

    Yields:
        The observation. Shape ``(O,)``.
    """
    for episode in record(env, policy, count):
        observation, _ = env.reset(seed=episode.seed)
        for index, action in enumerate(episode.actions):
            if index % policy.n_action_steps == 0:
                yield observation
            observation, *_ = env.step(action)


def cut(actions: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Cut actions ``(T, A)`` into chunks ``(length, A)``, the last filled up by its last action."""
    for start in range(0, len(actions), length):
        chunk = actions[start : start + length]
        yield np.concatenate([chunk, np.repeat(chunk[-1:], length - len(chunk), axis=0)])


def rate(
    env: gym.Env,
    episodes: Sequence[Episode],
    inputs: Sequence[Iterable[np.ndarray]],
    seconds: float = 0.0,
) -> float:
    """Measure environment steps per second; resets are not counted.

    Args:
        env: Environment, in whatever wrapper.
        episodes: Episodes to play, all of them once or oftener.
        inputs: What to give ``env.step`` in each of them.
        seconds: How long to go on.

    Raises:
        ZprlError: The episodes had another length than they were recorded with.
    """
    length = sum(len(episode.actions) for episode in episodes)
    spent, passes = 0.0, 0
    while passes == 0 or spent < seconds:
        taken = 0
        for episode, steps in zip(episodes, inputs, strict=True):
            env.reset(seed=episode.seed)
            began = time.perf_counter()
            for step in steps:
                *_, info = env.step(step)
                taken += info.get("env_steps", 1)
            spent += time.perf_counter() - began
        if taken != length:
            raise ZprlError(
                f"An episode must repeat itself. Got: {taken} steps instead of {length}."
            )
        passes += 1
    return passes * length / spent
