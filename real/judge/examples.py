"""Examples of a judge: the steps of recorded episodes, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from policies.demonstrations import Demonstrations, Trajectory
from policies.pictures.frames import Frames
from zprl_env.errors import ConfigurationError

DONE = 0.3
"""Time before the end of a success that shows it [s]."""
UNSURE = 1.0
"""Time before that of which nothing is known: whoever judged took a moment, too [s]."""
LEAST = 5
"""Episodes of each outcome without which nothing can be validated."""


class Example(NamedTuple):
    """One episode and what is known of its steps.

    Attributes:
        states: Shape ``(T, S)``, float32.
        frames: Of each camera. Shape ``(T, H, W, 3)`` each, uint8.
        done: Steps that show a success. Shape ``(T,)``, bool.
        not_done: Steps that show none; neither of the two says nothing. Shape ``(T,)``, bool.
        success: Whether the episode succeeded.
    """

    states: np.ndarray
    frames: Mapping[str, Frames]
    done: np.ndarray
    not_done: np.ndarray
    success: bool


def examples_of(
    demonstrations: Demonstrations, rate: float, unsure: float = UNSURE
) -> list[Example]:
    """Return the episodes that were judged, with what is known of their steps.

    Of an episode that succeeded the last 0.3 s show it, of the second before that nothing is known,
    and all before that shows none; an episode that failed, or ran out of time, shows none.

    Args:
        demonstrations: Recorded episodes.
        rate: Steps per second [Hz].
        unsure: Time before that of which nothing is known [s]: how long whoever judged took.

    Raises:
        ConfigurationError: It is below 0, or there are too few of an outcome to validate anything.
    """
    if not unsure >= 0.0:
        raise ConfigurationError(f"unsure must be at least 0 s. Got: {unsure}.")
    judged = [episode for episode in demonstrations.trajectories if episode.success is not None]
    successes = sum(bool(episode.success) for episode in judged)
    if min(successes, len(judged) - successes) < LEAST:
        raise ConfigurationError(
            f"A judge must be validated on episodes that it has not seen, at least {LEAST} that "
            f"succeeded and {LEAST} that did not. Got: {successes} and {len(judged) - successes}. "
            "Record more: python -m real.play --out, of a policy that does not always succeed."
        )
    return [_example(one, demonstrations.observation_keys, rate, unsure) for one in judged]


def _example(episode: Trajectory, keys: Sequence[str], rate: float, unsure: float) -> Example:
    left = np.arange(len(episode), 0, -1) / rate  # until the end, of each step
    success = bool(episode.success)
    done = success & (left <= max(DONE, 1.0 / rate) + 1e-9)
    not_done = ~done & ((left > DONE + unsure) | (not success))
    return Example(episode.flat_observations(keys), episode.frames, done, not_done, success)


def folds(examples: Sequence[Example], count: int, seed: int) -> list[np.ndarray]:
    """Part episodes into folds, each with its share of successes.

    Args:
        examples: The episodes.
        count: Folds; no more than there are episodes of an outcome.
        seed: Of the parting.

    Returns:
        Numbers of the episodes of each fold.
    """
    rng, of = np.random.default_rng(seed), np.zeros(len(examples), int)
    outcomes = np.array([example.success for example in examples])
    count = min(count, int(outcomes.sum()), int((~outcomes).sum()))
    for outcome in (True, False):
        members = rng.permutation(np.flatnonzero(outcomes == outcome))
        of[members] = np.arange(len(members)) % count
    return [np.flatnonzero(of == fold) for fold in range(count)]
