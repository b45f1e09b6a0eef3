"""An expert performing on an environment: one seed, one person, one episode."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from policies.demonstrations import Trajectory
from policies.errors import ZprlError
from zprl_env.envs import make_env
from zprl_env.experts import Demonstrator, Quality, make_expert, sample_quality
from zprl_env.experts.disturbance import Disturbance

MAX_SEED, MAX_EPISODES = 99, 10_000
QUALITY_STREAM, OPERATOR_STREAM, DISTURBANCE_STREAM = 1, 2, 3


class Episode(NamedTuple):
    """What happened in one episode.

    Attributes:
        seed: What the environment was reset with.
        quality: How well the expert was asked to perform.
        trajectory: What was seen, and what the expert meant to do.
        success: Whether the task was done before the time limit.
    """

    seed: int
    quality: Quality
    trajectory: Trajectory
    success: bool


def demonstration_seed(seed: int, index: int) -> int:
    """Return the environment's seed for a recording's episode: ``10_000 * seed + index``.

    No two recordings share one, and all stay below 1_000_000, where evaluation's seeds begin.

    Args:
        seed: The recording's seed, 0 to 99.
        index: The episode's number, 0 to 9999.

    Raises:
        ZprlError: If either lies outside its range.

    Example:
        >>> demonstration_seed(3, 7)
        30007
    """
    if not 0 <= seed <= MAX_SEED:
        raise ZprlError(f"a recording's seed must lie in 0 to {MAX_SEED}. Got: {seed}")
    if not 0 <= index < MAX_EPISODES:
        raise ZprlError(f"an episode's number must lie in 0 to {MAX_EPISODES - 1}. Got: {index}")
    return MAX_EPISODES * seed + index


def operator_for(seed: int) -> Demonstrator:
    """Return the person with this number.

    Example:
        >>> operator_for(3) == operator_for(3), operator_for(3) == operator_for(4)
        (True, False)
    """
    if seed < 0:
        raise ZprlError(f"an operator's seed must not be negative. Got: {seed}")
    return Demonstrator.sample(np.random.default_rng([seed, OPERATOR_STREAM]))


class Stage:
    """An environment and its expert, made once for any number of episodes.

    What an episode contains follows from its seed alone, not from the episodes before it, so any
    number of stages side by side record what one would.

    Args:
        task: A name in ``zprl_env.envs.TASKS`` whose row names an expert.
        skill: See ``sample_quality``.
        operator: Whose habits the expert takes on.
        disturbance: How strongly the expert's hands are disturbed; see ``Disturbance``.

    Raises:
        UnknownNameError: If there is no such task, or nobody who can do it.
        ZprlError: If the expert has no hands that could be disturbed.
    """

    def __init__(
        self, task: str, skill: float, operator: Demonstrator, disturbance: float = 0.0
    ) -> None:
        self.task = task
        self.skill = skill
        self.operator = operator
        self.disturbance = disturbance
        self.expert = make_expert(task)
        if disturbance and not self.expert.HANDS:
            raise ZprlError(
                f"disturbance must be 0 for {task}, whose expert has no hand to push. "
                f"Got: {disturbance}."
            )
        self.env: gym.Env = make_env(task)

    @property
    def observation_keys(self) -> dict[str, slice]:
        """Which part of the flat observation is which."""
        return self.env.unwrapped.observation_keys  # type: ignore[attr-defined]

    @property
    def env_args(self) -> dict[str, Any]:
        """How to make the environment, in robomimic's form."""
        return self.env.unwrapped.env_args  # type: ignore[attr-defined]

    def perform(self, seed: int, quality: Quality | None = None) -> Episode:
        """Perform one episode to its end, be it success, the time limit or giving up.

        Args:
            seed: What the environment is reset with, and what the quality is drawn from.
            quality: How well to perform, instead of a quality drawn by skill.
        """
        if quality is None:
            rng = np.random.default_rng([seed, QUALITY_STREAM])
            quality = sample_quality(rng, self.skill, self.operator)
        keys = self.observation_keys
        chance = np.random.default_rng([seed, DISTURBANCE_STREAM])
        disturb = Disturbance(self.disturbance, self.expert.HANDS, chance)
        observation, info = self.env.reset(seed=seed)
        self.expert.reset(quality)

        observations, actions, rewards = [], [], []
        ended = False
        while not ended:
            action = self.expert.act({key: observation[part] for key, part in keys.items()})
            observations.append(observation)
            actions.append(action)
            observation, reward, terminated, truncated, info = self.env.step(disturb(action))
            rewards.append(reward)
            ended = terminated or truncated or self.expert.gave_up

        table = np.array(observations)
        success = bool(info["is_success"])
        return Episode(
            seed=seed,
            quality=quality,
            trajectory=Trajectory(
                observations={key: table[:, part] for key, part in keys.items()},
                actions=np.array(actions),
                rewards=np.array(rewards, dtype=np.float32),
                dones=np.arange(len(actions)) == len(actions) - 1,
                success=success,
            ),
            success=success,
        )

    def close(self) -> None:
        """Free the simulator."""
        self.env.close()
