"""Lessons of a takeover: decisions that a person had a hand in, and what of them is learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.envs.takeover import PERSON, Hands
from zprl_env.errors import ConfigurationError
from zprl_env.steering.action import ActionSteering
from zprl_env.steering.base import Steering
from zprl_env.training.agents.prior import check_invertible, nearest
from zprl_env.training.settings.takeover import UNEXPLAINED, Takeover

RIDGE = 1e-3
"""Squared action units that are given up for a perturbation shorter by 1, squared."""


class Made(NamedTuple):
    """A person's decision, as a replay buffer holds those of an agent.

    Attributes:
        observation: What the agent saw. Shape ``(O,)``.
        following: What it saw next. Shape ``(O,)``.
        chunk: What the person did. Shape ``(n_action_steps, A)``.
        reward: Of the chunk.
        over: Whether the episode ended with it.
        info: Of the chunk.
    """

    observation: np.ndarray
    following: np.ndarray
    chunk: np.ndarray
    reward: float
    over: bool
    info: dict[str, Any]


@dataclass
class Expressed:
    """Count of the decisions that people had a hand in.

    Attributes:
        made: All.
        whole: Those of a whole chunk, or that ended the episode.
        kept: Those that a perturbation expresses well enough.
        unexplained: Share of what a whole chunk differs by from the base policy's that was left
            over, of each.
    """

    made: int
    whole: int
    kept: int
    unexplained: list[float]

    def __str__(self) -> str:
        middle = ""
        if self.unexplained:
            share = f"{np.median(self.unexplained):.0%}"
            middle = f"; of what they changed a perturbation leaves over {share} (median)"
        return f"{self.kept} of {self.made} decisions of people are learned from{middle}"


class Corrections:
    """Decisions of people during an episode, which become the agent's where it could make them.

    A chunk is expressed by the perturbation whose decoded chunk is nearest to it, from the latent
    that the agent saw. If what is left over is a small enough share of what it differs by from the
    base policy's own chunk, the transition holds for that perturbation as well as for the person.
    All others are left out: no perturbation is invented. A bound in action units would not do:
    chunks of absolute places are all near each other, and the transition would say of a
    perturbation that changes nothing that it does what the person did.

    They are expressed when the episode is over, for that takes time, and the arms wait for nobody.

    Args:
        steering: The steering that the agent learns with.
        unexplained: Share of the difference (RMS) that may be left over.
        seed: Of the flow's noise, where it is drawn.

    Raises:
        ZprlError: The steering's decoder cannot be inverted.

    Attributes:
        expressed: Counts.
    """

    def __init__(self, steering: Steering, unexplained: float = UNEXPLAINED, seed: int = 0) -> None:
        check_invertible(steering, "takeover prior")
        self._steering, self._unexplained = steering, unexplained
        self._generator = np.random.default_rng(seed)
        self._pending: list[Made] = []
        self.expressed = Expressed(0, 0, 0, [])

    def note(
        self,
        observation: np.ndarray,
        following: np.ndarray,
        reward: float,
        over: bool,
        info: dict[str, Any],
        hands: Hands,
    ) -> None:
        """Note a decision that a person had a hand in, in the order of time."""
        self.expressed.made += 1
        size, steps = self._steering.n_action_steps, len(hands.actions)
        if hands.whose != PERSON or not (steps == size or (over and steps)):
            return
        rows = np.minimum(np.arange(size), steps - 1)  # after the end nothing is executed
        chunk = hands.actions[rows]
        copies = np.array(observation), np.array(following)
        self._pending.append(Made(*copies, chunk, float(reward), over, info))

    def forget(self) -> None:
        """Forget the episode, which its operator discards."""
        self._pending.clear()

    def take(self) -> list[tuple[Made, np.ndarray, bool]]:
        """Express the episode's decisions, and forget them.

        Returns:
            Those that can be expressed, with the agent's action, and whether the next one of them
            follows from it.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return []
        steering = self._steering
        size = steering.policy.latent_dim
        if isinstance(steering, ActionSteering) and steering.base_action:
            size += steering.agent_dim
        latents = np.array([made.observation[-size:] for made in pending], np.float32)
        chunks = np.array([made.chunk for made in pending], np.float32)
        generators = [self._generator] * len(pending)
        actions, left, away = nearest(steering, chunks, latents, generators, RIDGE)
        share = _rms(left) / np.maximum(_rms(away), np.finfo(np.float32).tiny)
        good = share <= self._unexplained
        self.expressed.whole += len(pending)
        self.expressed.kept += int(good.sum())
        self.expressed.unexplained += share.tolist()
        following = [*_following(pending)]
        return [
            (made, actions[at], following[at] and bool(good[at + 1]))
            for at, made in enumerate(pending)
            if good[at]
        ]


def _rms(chunks: np.ndarray) -> np.ndarray:
    """Return the root mean square of every chunk."""
    rms: np.ndarray = np.sqrt(np.mean(chunks**2, axis=(1, 2)))
    return rms


def _following(pending: Sequence[Made]) -> Iterator[bool]:
    """Tell of each decision whether the next one begins where it ended."""
    for made, after in zip(pending, [*pending[1:], None], strict=True):
        yield after is not None and np.array_equal(made.following, after.observation)


def learn_from_people(
    model: BaseAlgorithm,
    steering: Steering,
    takeover: Takeover,
    *,
    bootstrap: bool = True,
    unexplained: float = UNEXPLAINED,
    seed: int = 0,
) -> Corrections | None:
    """Tell a model's replay buffer what to do with decisions that people had a hand in.

    Args:
        model: An off-policy model whose replay buffer is a ``ChunkReplayBuffer``.
        steering: The steering that it learns with.
        takeover: Whether they enter the replay buffer.
        bootstrap: Whether the agent's decision before a takeover looks on, as at a time limit; or
            nothing follows it, as after a failure.
        unexplained: Share that a perturbation may leave over; see :class:`Corrections`.
        seed: Of the flow's noise, where it is drawn.

    Returns:
        What collects them; None if they are only recorded.

    Raises:
        ZprlError: The steering's decoder cannot be inverted, or there is no such buffer.
    """
    buffer: Any = model.replay_buffer if isinstance(model, OffPolicyAlgorithm) else None
    if not hasattr(buffer, "corrections"):
        raise ConfigurationError(
            "Who learns beside a person must have a ChunkReplayBuffer, which holds what was "
            f"executed. Got: {type(buffer).__name__}. Give SAC(..., "
            "replay_buffer_class=ChunkReplayBuffer)."
        )
    buffer.takeover_bootstrap = bootstrap
    if takeover != "demo":
        buffer.corrections = Corrections(steering, unexplained, seed)
    found: Corrections | None = buffer.corrections
    return found
