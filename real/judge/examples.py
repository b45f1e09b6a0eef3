"""Examples of a judge: the steps of recorded episodes, and what is known of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from policies.demonstrations import Demonstrations, Trajectory
from policies.demonstrations.formats.robomimic import episode_group, episode_names
from policies.pictures.frames import Frames
from zprl_env.errors import ConfigurationError

DONE = 0.3
"""Time before the end of a success that shows it, where a person judged [s]."""
UNSURE = 1.0
"""Time before that of which nothing is known: a person who judged took a moment, too [s]."""
SCENE_UNSURE = 0.5
"""The same where a simulated scene judged: what was let go of comes to rest meanwhile [s]."""
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
        seen: What networks that stay as they are make of the frames. Shape ``(T, E)``.
    """

    states: np.ndarray
    frames: Mapping[str, Frames]
    done: np.ndarray
    not_done: np.ndarray
    success: bool
    seen: np.ndarray | None = None


class Ends(NamedTuple):
    """How the successes of a recording end that a person judged.

    Attributes:
        shown: Time before the end that shows a success [s].
        unsure: Time before that of which nothing is known [s].
    """

    shown: float = DONE
    unsure: float = UNSURE


def scenes_of(path: Path) -> list[np.ndarray | None]:
    """Return of each recorded episode where the simulated scene's criterion held, in their order.

    It stands in a recording of ``real.play --dwell``, or of a judge on a simulated robot.

    Args:
        path: The recording.

    Returns:
        Before each action, shape ``(T,)``, bool; None where a person judged.

    Raises:
        DemonstrationError: There are no episodes.
    """
    found: list[np.ndarray | None] = []
    with h5py.File(path, "r") as file:
        for name in episode_names(file):
            with episode_group(file, name) as group:
                told = [json.loads(info) for info in group["info"][:]] if "info" in group else []
            known = told and all("scene" in info for info in told)
            # What is told after an action is seen before the next one.
            after = [False, *(bool(info["scene"]) for info in told[:-1])] if known else None
            found.append(None if after is None else np.array(after))
    return found


def examples_of(
    demonstrations: Demonstrations,
    rate: float,
    ends: Ends | None = None,
    scenes: Sequence[np.ndarray | None] = (),
    least: int = LEAST,
) -> list[Example]:
    """Return the episodes that were judged, with what is known of their steps.

    Where a simulated scene told it at every step, the steps at which its criterion held show a
    success, and nothing is known of the half second before. Where a person judged, the last moments
    of an episode that succeeded show it, of those before that nothing is known, and all before that
    shows none; an episode that failed, or ran out of time, shows none.

    Args:
        demonstrations: Recorded episodes.
        rate: Steps per second [Hz].
        ends: How successes end that a person judged; the usual way if None.
        scenes: Of each episode where its scene's criterion held; see `scenes_of`.
        least: Episodes of each outcome that have to be there.

    Raises:
        ConfigurationError: A time is impossible, or there are too few episodes of an outcome to
            validate anything.
    """
    ends = Ends() if ends is None else ends
    if not (ends.shown > 0.0 and ends.unsure >= 0.0):
        raise ConfigurationError(
            f"shown must be above 0 s, and unsure at least 0 s. Got: {ends.shown} and "
            f"{ends.unsure}."
        )
    every = demonstrations.trajectories
    told = [*scenes, *[None] * (len(every) - len(scenes))]
    judged = [
        (one, scene) for one, scene in zip(every, told, strict=True) if one.success is not None
    ]
    successes = sum(bool(episode.success) for episode, _ in judged)
    if min(successes, len(judged) - successes) < least:
        raise ConfigurationError(
            f"A judge must be validated on episodes that it has not seen, at least {least} that "
            f"succeeded and {least} that did not. Got: {successes} and {len(judged) - successes}. "
            "Record more: python -m real.play --out, of a policy that does not always succeed."
        )
    keys = demonstrations.observation_keys
    return [_example(episode, keys, rate, ends, scene) for episode, scene in judged]


def _example(
    episode: Trajectory, keys: Sequence[str], rate: float, ends: Ends, scene: np.ndarray | None
) -> Example:
    success = bool(episode.success)
    if scene is not None:
        moment = round(SCENE_UNSURE * rate)
        soon = np.convolve(scene[::-1], np.ones(moment + 1))[: len(scene)][::-1] > 0.0
        done, not_done = scene, ~soon
    else:
        left = np.arange(len(episode), 0, -1) / rate  # until the end, of each step
        done = success & (left <= max(ends.shown, 1.0 / rate) + 1e-9)
        not_done = ~done & ((left > ends.shown + ends.unsure + 1e-9) | (not success))
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
