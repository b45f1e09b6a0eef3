"""The threshold of a judge: from episodes that it has not seen, for few false successes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zprl_env.success_rates import wilson_interval


class Scored(NamedTuple):
    """An episode that a judge has not learned from, and what it said.

    Attributes:
        scores: Probability of success at each step. Shape ``(T,)``.
        not_done: Steps that show none. Shape ``(T,)``, bool.
        done: Steps that show one. Shape ``(T,)``, bool.
        success: Whether the episode succeeded.
    """

    scores: np.ndarray
    not_done: np.ndarray
    done: np.ndarray
    success: bool


class Validation(NamedTuple):
    """Validation of a judge on episodes that it has not seen.

    Attributes:
        threshold: Probability from which on a step counts.
        in_a_row: Steps in a row that have to.
        episodes: How many.
        hours: Their time [h].
        false_successes: Episodes that it would have ended as a success and that were none by then.
        successes: Episodes that succeeded.
        found: Those of them that it found, and not too early.
        delay: Median time from the first step that shows it until it says so [s]; 0 if none.
    """

    threshold: float
    in_a_row: int
    episodes: int
    hours: float
    false_successes: int
    successes: int
    found: int
    delay: float

    @property
    def per_hour(self) -> float:
        """False successes per hour."""
        return self.false_successes / self.hours if self.hours else 0.0

    def __str__(self) -> str:
        most = wilson_interval(self.false_successes, self.episodes).high
        return (
            f"threshold {self.threshold:.6g}, {self.in_a_row} steps in a row; on {self.episodes} "
            f"episodes that it had not seen: {self.false_successes} false successes "
            f"({self.false_successes / self.episodes:.3f} per episode, at most {most:.3f}; "
            f"{self.per_hour:.1f} per hour), {self.found} of {self.successes} successes found, "
            f"after {self.delay:.2f} s"
        )


def sustained(scores: np.ndarray, in_a_row: int) -> np.ndarray:
    """Return at each step the least of the last scores, -inf where there are not enough yet.

    >>> sustained(np.array([0.9, 0.2, 0.8, 0.7]), 2).tolist()
    [-inf, 0.2, 0.2, 0.7]
    """
    padded = np.concatenate([np.full(in_a_row - 1, -np.inf), scores])
    return np.lib.stride_tricks.sliding_window_view(padded, in_a_row).min(axis=1)


def validate(scored: Sequence[Scored], threshold: float, in_a_row: int, rate: float) -> Validation:
    """Measure what a judge would have said.

    Args:
        scored: Episodes that it has not seen.
        threshold: From which score on a step counts.
        in_a_row: Steps that have to.
        rate: Steps per second [Hz].
    """
    false, found, delays = 0, 0, []
    for episode in scored:
        says = sustained(episode.scores, in_a_row) >= threshold
        if not says.any():
            continue
        first = int(says.argmax())
        if episode.not_done[first]:
            false += 1
        elif episode.success:
            found += 1
            shown = int(np.flatnonzero(episode.done)[0])
            delays.append(max(0, first - shown) / rate)
    steps = sum(len(episode.scores) for episode in scored)
    return Validation(
        threshold,
        in_a_row,
        len(scored),
        steps / rate / 3600.0,
        false,
        sum(episode.success for episode in scored),
        found,
        float(np.median(delays)) if delays else 0.0,
    )


def choose(
    scored: Sequence[Scored], in_a_row: int, rate: float, false_share: float = 0.0
) -> Validation:
    """Choose the threshold that finds most successes with few enough false ones.

    Of those that do equally well it takes the one in the middle. A threshold of 0.5 is of no use: a
    judge that is right in 99 of 100 steps ends most episodes of 100 steps wrongly.

    Args:
        scored: Episodes that the judge has not seen.
        in_a_row: Steps in a row that have to count.
        rate: Steps per second [Hz].
        false_share: Share of the episodes that may be false successes.
    """
    said = [(sustained(episode.scores, in_a_row), episode.not_done) for episode in scored]
    peaks = [
        part.max(initial=0.0)
        for says, not_done in said
        for part in (says[not_done], says[~not_done])
    ]
    logits = np.unique([_logit(peak) for peak in (0.5, 1.0, *peaks) if peak >= 0.5])
    between = 1.0 / (1.0 + np.exp(-0.5 * (logits[1:] + logits[:-1])))
    tried = [validate(scored, float(threshold), in_a_row, rate) for threshold in between]
    good = [one for one in tried if one.false_successes <= int(false_share * len(scored))]
    if not good:
        return validate(scored, 1.0, in_a_row, rate)
    best = max((one.found, -one.false_successes) for one in good)
    alike = [one for one in good if (one.found, -one.false_successes) == best]
    return alike[len(alike) // 2]


def _logit(probability: float) -> float:
    inside = min(float(probability), 1.0 - 1e-7)
    return float(np.log(inside / (1.0 - inside)))
