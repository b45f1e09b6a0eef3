"""Check that an exported policy decides as its run does, to float32's accuracy."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np

from policies.checkpoints import files as checkpoint_files
from policies.pictures.png import decode_frames
from policies.pictures.settings import STATE
from zprl_env.errors import CheckpointError, TaskMismatchWarning
from zprl_env.seeing.batches import single
from zprl_env.steering.base import policy_generator

if TYPE_CHECKING:
    from zprl_env.deploy.steered_policy import SteeredPolicy
    from zprl_env.evaluation import Agent
    from zprl_env.steering.wrapper import SteeringWrapper

ACCURACY = 1e-4
"""Largest error of an exported action, absolutely or relative to itself."""

_CHANGED = 0.05
"""Share of a reference frame's bytes that are drawn anew."""
_UNBOUNDED = 1e6
"""Limit beyond which a bound says nothing about the observed values."""


def random_observations(space: gym.Space, number: int = 32) -> Any:
    """Draw observations of a space, standard normal where it has no bounds.

    Args:
        space: A flat ``Box``, or a ``Dict`` of one and of pictures.
        number: How many.

    Returns:
        Shape ``(N, O)``, or a list of observations by name.
    """
    if isinstance(space, gym.spaces.Dict):
        parts = {name: random_observations(part, number) for name, part in space.items()}
        return [{name: part[row] for name, part in parts.items()} for row in range(number)]
    assert isinstance(space, gym.spaces.Box)
    if space.dtype == np.uint8:
        return np.random.default_rng(0).integers(0, 256, (number, *space.shape), np.uint8)
    bounded = gym.spaces.Box(
        np.where(space.low > -_UNBOUNDED, space.low, -np.inf),
        np.where(space.high < _UNBOUNDED, space.high, np.inf),
        dtype=np.float32,
        seed=0,
    )
    return np.array([bounded.sample() for _ in range(number)])


def likely_observations(policy: Path, number: int = 32) -> Any:
    """Draw observations as the base policy's demonstrations had them.

    No environment is asked for them: it could be a robot. Pictures are the reference frames that
    the checkpoint holds, some of their bytes changed by chance.

    Args:
        policy: The base policy's checkpoint.
        number: How many.

    Returns:
        Shape ``(N, O)``, or a list of observations by name.
    """
    config, weights, metadata = checkpoint_files.read(policy)
    mean, std = (weights[f"normalizer.observation_{name}"] for name in ("mean", "std"))
    draws = np.random.default_rng(0).standard_normal((number, len(mean)))
    states = (mean + std * draws).astype(np.float32)
    if config.pictures is None:
        return states
    references = decode_frames(metadata.get("reference_frames", {}))
    frames = {
        name: _frames(references.get(name), (*config.pictures.image_size, 3), number, seed)
        for seed, name in enumerate(config.pictures.cameras)
    }
    shown = {STATE: states, **frames} if states.shape[1] else frames
    return [{name: part[row] for name, part in shown.items()} for row in range(number)]


def _frames(
    reference: np.ndarray | None, shape: tuple[int, ...], number: int, seed: int
) -> np.ndarray:
    """Draw frames around a reference. Shape ``(N, H, W, 3)``, uint8."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, 256, (number, *shape), np.uint8)
    if reference is None or reference.shape != shape:
        return drawn
    return np.where(generator.random((number, *shape)) < _CHANGED, drawn, reference)


def check_equal(
    steered: SteeredPolicy, env: SteeringWrapper, agent: Agent, observations: Sequence[Any]
) -> None:
    """Check that an export decides as a steered environment and its agent do.

    Args:
        steered: The export.
        env: The steered environment.
        agent: The agent.
        observations: What to decide on, one after another.

    Raises:
        CheckpointError: It decides differently.
    """
    steering, generators = env.steering, [policy_generator(0)]
    steered.reset(seed=0)
    for observation in observations:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TaskMismatchWarning)  # what is drawn is of no task
            seen, latents = steering.observe(single(observation), generators)
        decision = steering.act(agent(seen[0])[np.newaxis], latents, generators)
        expected = np.clip(decision.chunks[0], *steered.bounds)
        got = steered.predict(observation)
        if not np.allclose(got, expected, rtol=ACCURACY, atol=ACCURACY):
            raise CheckpointError(
                f"an export must decide as its run does. Got an action that is off by "
                f"{np.abs(got - expected).max():.2g}. This is a defect; please report it."
            )
