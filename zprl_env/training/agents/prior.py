"""Prior data: demonstrations as decisions of the agent, put into its replay buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from policies.demonstrations import Demonstrations, Trajectory
from policies.pictures.settings import STATE
from zprl_env.envs.flat import observation_keys
from zprl_env.errors import PolicyMismatchError, ZprlError
from zprl_env.inversion import invert
from zprl_env.seeing import batches
from zprl_env.steering.action import ActionSteering
from zprl_env.steering.base import Steering
from zprl_env.steering.latent import LatentSteering
from zprl_env.training.agents.replay import ChunkReplayBuffer, end_trajectories
from zprl_env.training.settings.recipe import Recipe

BLOCK = 64
"""Decisions whose pictures are in memory at a time."""


class PriorDecisions(NamedTuple):
    """Decisions of demonstrations, one after another; entry i of every array is the same one's."""

    observations: np.ndarray
    """Observations of the agent. Shape ``(N, O)``."""
    following: np.ndarray
    """Observations after the decision. Shape ``(N, O)``."""
    actions: np.ndarray
    """dz, by :func:`~zprl_env.inversion.invert`. Shape ``(N, D)``."""
    rewards: np.ndarray
    """Discounted sums over the chunk. Shape ``(N,)``."""
    ends: np.ndarray
    """Whether the episode ended with it. Shape ``(N,)``, bool."""
    successes: np.ndarray
    """Whether it ended in success. Shape ``(N,)``, bool."""
    env_steps: np.ndarray
    """Environment steps of the chunk. Shape ``(N,)``."""
    residual: float
    """RMS of what the perturbations leave over of the chunks, in action units."""


class Nearest(NamedTuple):
    """Actions of an agent that come nearest to chunks that others have executed."""

    actions: np.ndarray
    """The actions. Shape ``(B, agent_dim)``, in [-1, 1]."""
    left: np.ndarray
    """Part of the chunks that they do not give. Shape ``(B, n_action_steps, A)``."""
    away: np.ndarray
    """Difference of the chunks from those of the base policy alone, likewise."""


def prior_decisions(
    demonstrations: Demonstrations, steering: Steering, recipe: Recipe, seed: int = 0
) -> PriorDecisions:
    """Cut demonstrations into decisions and find the perturbations that come nearest to them.

    What was executed is the demonstrator's chunk and not the one that the perturbation gives, so
    these transitions are approximate: by :attr:`PriorDecisions.residual`. An episode that failed
    ends like one that a time limit cut short.

    Args:
        demonstrations: Episodes with rewards.
        steering: The steering that the agent learns with: of the latent or the actions.
        recipe: Discount and shape of the reward.
        seed: Of the latents and the flow's noise.

    Raises:
        PolicyMismatchError: Their observations are not the policy's.
        ZprlError: The agent steers something else, or no episode is longer than a decision.
    """
    check_invertible(steering, "demonstrations")
    keys = observation_keys(steering.policy) or demonstrations.observation_keys
    if missing := [key for key in keys if key not in demonstrations.observation_dims]:
        raise PolicyMismatchError(
            f"demonstrations must hold what the policy observes. Got: none of {missing}, but "
            f"{list(demonstrations.observation_dims)}."
        )
    generator = np.random.default_rng(seed)
    pieces = [
        piece
        for trajectory in demonstrations.trajectories
        for piece in _pieces(trajectory, keys, steering.n_action_steps, recipe, steering.cameras)
    ]
    if not pieces:
        raise ZprlError("demonstrations must hold an episode longer than a decision. Got: none.")
    seen_first, seen_last, *rest = zip(*pieces, strict=True)
    chunks, rewards, ends, successes, env_steps = map(np.array, rest)
    generators = [generator] * len(pieces)
    seen, latents = _observe(steering, seen_first, generators)
    following, _ = _observe(steering, seen_last, generators)
    actions, residual, _ = nearest(steering, chunks, latents, generators)
    rms = float(np.sqrt(np.mean(residual**2)))
    return PriorDecisions(seen, following, actions, rewards, ends, successes, env_steps, rms)


def check_invertible(steering: Steering, what: str) -> None:
    """Refuse a steering by which chunks that others have executed cannot be expressed.

    Args:
        steering: The steering that the agent learns with.
        what: Option that they are to come by.

    Raises:
        ZprlError: Its agent steers something else, or chunks are decided ahead.
    """
    option = f"--{what}"
    if not isinstance(steering, (LatentSteering, ActionSteering)):
        raise ZprlError(
            f"{what} must come with --steer latent, whose decoder can be inverted, or "
            f"--steer action. "
            f"Got: {type(steering).__name__}. Leave {option} out."
        )
    if steering.committed is not None:
        raise ZprlError(
            f"{what} must come with inference=sync: they do not tell what was committed. "
            f"Got: chunks that are decided ahead. Leave {option} out."
        )


def nearest(
    steering: Steering,
    chunks: np.ndarray,
    latents: np.ndarray,
    generators: Sequence[np.random.Generator],
    ridge: float = 0.0,
) -> Nearest:
    """Find the agent's actions that come nearest to executed chunks.

    Args:
        steering: As :func:`check_invertible` wants it.
        chunks: Shape ``(B, n_action_steps, A)``.
        latents: Of the decisions. Shape ``(B, D)``.
        generators: Of the flow's noise, B of them.
        ridge: As :func:`~zprl_env.inversion.invert` takes it, where that is needed.
    """
    if isinstance(steering, ActionSteering):
        actions, left = steering.residuals(chunks, latents, generators)
        return Nearest(actions, left, left + steering.scale * actions.reshape(left.shape))
    assert isinstance(steering, LatentSteering)
    noise, policy = steering.starts(generators), steering.policy
    actions, left = invert(steering, chunks, latents, noise, ridge=ridge)
    still = np.zeros_like(actions)
    own, _ = steering.decode(policy.decode, still, np.asarray(latents, np.float32), noise)
    return Nearest(actions, left, chunks - np.asarray(own).reshape(left.shape))


def _observe(
    steering: Steering, seen: Sequence[Any], generators: Sequence[np.random.Generator]
) -> tuple[np.ndarray, np.ndarray]:
    """Observe all at once, or, where there are pictures, some at a time."""
    if not steering.cameras:
        return steering.observe(np.array(seen), generators)
    parts = []
    for start in range(0, len(seen), BLOCK):
        block = batches.stacked([look() for look in seen[start : start + BLOCK]])
        parts.append(steering.observe(block, generators[start : start + BLOCK]))
    observed, latents = zip(*parts, strict=True)
    return np.concatenate(observed), np.concatenate(latents)


def _pieces(
    trajectory: Trajectory,
    keys: tuple[str, ...],
    size: int,
    recipe: Recipe,
    cameras: tuple[str, ...] = (),
) -> Iterator[tuple[Any, Any, np.ndarray, float, bool, bool, int]]:
    """Yield the decisions of an episode; a failed one's last chunk has no known successor."""
    states = trajectory.flat_observations(keys)
    if missing := [camera for camera in cameras if camera not in trajectory.frames]:
        raise PolicyMismatchError(
            f"demonstrations must hold frames of the policy's cameras, {', '.join(cameras)}. Got: "
            f"none of {', '.join(missing)}. Record them with --cameras."
        )

    def look(step: int) -> dict[str, np.ndarray]:
        frames = {camera: trajectory.frames[camera][step : step + 1][0] for camera in cameras}
        return {STATE: states[step], **frames} if states.shape[1] else frames

    # Frames are read when they are looked at: all of them are too many.
    seen: Any = [partial(look, step) for step in range(len(states))] if cameras else states
    offset = 1.0 if recipe.reward == "penalty" else 0.0
    total = len(trajectory)
    success = bool(trajectory.success)
    starts = [at for at in range(0, total, size) if success or at + size < total]
    for start in starts:
        steps = min(size, total - start)
        rows = np.minimum(np.arange(start, start + size), total - 1)
        rewards = recipe.reward_scale * (trajectory.rewards[start : start + steps] - offset)
        reward = float(np.sum(rewards * recipe.gamma ** np.arange(steps)))
        over = start == starts[-1]
        # After success nothing is looked at; the last observation stands for it.
        after = seen[min(start + size, total - 1)]
        chunk = trajectory.actions[rows].astype(np.float32)
        yield seen[start], after, chunk, reward, over, success and over, steps


def add_prior(buffer: ReplayBuffer, prior: PriorDecisions) -> int:
    """Put prior decisions into a replay buffer of any number of environments.

    Args:
        buffer: The model's.
        prior: The decisions.

    Returns:
        Number of decisions that were added: all but a rest that fills no row.

    Raises:
        ZprlError: The buffer is no `ChunkReplayBuffer`, or too small.
    """
    columns = buffer.n_envs
    rows = len(prior.actions) // columns
    if not isinstance(buffer, ChunkReplayBuffer) or not 0 < rows < buffer.buffer_size:
        raise ZprlError(
            f"demonstrations must fit into the replay buffer of {buffer.buffer_size} rows of "
            f"{columns}. Got: {len(prior.actions)} decisions. Try a larger --buffer-size."
        )
    for row in range(rows):
        # A column holds decisions that follow each other, and ends where the next one's begin.
        taken = np.arange(columns) * rows + row
        ends = prior.ends[taken] | (row == rows - 1)
        infos = [
            {
                "env_steps": int(prior.env_steps[index]),
                "is_success": bool(prior.successes[index]),
                "TimeLimit.truncated": bool(end and not prior.successes[index]),
            }
            for index, end in zip(taken, ends, strict=True)
        ]
        # Not by a subclass's own, which expects the decisions of environments.
        ChunkReplayBuffer.add(
            buffer,
            prior.observations[taken],
            prior.following[taken],
            prior.actions[taken],
            prior.rewards[taken],
            ends,
            infos,
        )
    end_trajectories(buffer)
    return rows * columns


def add_demonstrations(
    model: BaseAlgorithm,
    steering: Steering,
    recipe: Recipe,
    seed: int,
    say: Callable[[str], object],
) -> None:
    """Put the recipe's demonstrations into an agent's replay buffer, if it has both.

    Args:
        model: The agent, which has learned nothing yet.
        steering: The steering that it learns with, whether or not it samples the latent.
        recipe: Settings; ``recipe.demonstrations`` is the file.
        seed: Of the latents and the flow's noise.
        say: Told how many decisions were added.

    Raises:
        ZprlError: As :func:`prior_decisions` and :func:`add_prior`.
    """
    if recipe.demonstrations is None or not isinstance(model, OffPolicyAlgorithm):
        return
    steering = copy(steering)
    steering.sample_latent = recipe.sample_latent  # an evaluation's takes the mean
    shown = Demonstrations.load(recipe.demonstrations, cameras=steering.cameras or None)
    prior = prior_decisions(shown, steering, recipe, seed)
    assert model.replay_buffer is not None
    added = add_prior(model.replay_buffer, prior)
    say(f"{added} decisions of demonstrations; RMS left over {prior.residual:.3f}")
