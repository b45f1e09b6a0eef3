"""Check that an exported policy decides as its run does, to float32's accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gymnasium as gym
import numpy as np

from policies.checkpoints import files as checkpoint_files
from zprl_env.errors import CheckpointError
from zprl_env.steering.base import policy_generator

if TYPE_CHECKING:
    from zprl_env.deploy.steered_policy import SteeredPolicy
    from zprl_env.evaluation import Agent
    from zprl_env.steering.wrapper import SteeringWrapper

ACCURACY = 1e-4
"""Largest error of an exported action, absolutely or relative to itself."""

_UNBOUNDED = 1e6
"""Limit beyond which a bound says nothing about the observed values."""


def random_observations(space: gym.spaces.Box, number: int = 32) -> np.ndarray:
    """Draw observations of a flat ``Box``, standard normal where it has no bounds. ``(N, O)``."""
    bounded = gym.spaces.Box(
        np.where(space.low > -_UNBOUNDED, space.low, -np.inf),
        np.where(space.high < _UNBOUNDED, space.high, np.inf),
        dtype=np.float32,
        seed=0,
    )
    return np.array([bounded.sample() for _ in range(number)])


def likely_observations(policy: Path, number: int = 32) -> np.ndarray:
    """Draw observations as the base policy's demonstrations had them. Shape ``(N, O)``.

    No environment is asked for them: it could be a robot.

    Args:
        policy: The base policy's checkpoint.
        number: How many.
    """
    weights = checkpoint_files.read(policy).weights
    mean, std = (weights[f"normalizer.observation_{name}"] for name in ("mean", "std"))
    draws = np.random.default_rng(0).standard_normal((number, len(mean)))
    return (mean + std * draws).astype(np.float32)


def check_equal(
    steered: SteeredPolicy, env: SteeringWrapper, agent: Agent, observations: np.ndarray
) -> None:
    """Check that an export decides as a steered environment and its agent do.

    Args:
        steered: The export.
        env: The steered environment.
        agent: The agent.
        observations: What to decide on. Shape ``(N, O)``.

    Raises:
        CheckpointError: It decides differently.
    """
    steering, generators = env.steering, [policy_generator(0)]
    steered.reset(seed=0)
    for observation in observations:
        seen, latents = steering.observe(observation[np.newaxis], generators)
        decision = steering.act(agent(seen[0])[np.newaxis], latents, generators)
        expected = np.clip(decision.chunks[0], *steered.bounds)
        got = steered.predict(observation)
        if not np.allclose(got, expected, rtol=ACCURACY, atol=ACCURACY):
            raise CheckpointError(
                f"an export must decide as its run does. Got an action that is off by "
                f"{np.abs(got - expected).max():.2g}. This is a defect; please report it."
            )
