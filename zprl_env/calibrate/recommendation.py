"""Recommend lambda, the size of perturbation to train with, from trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zprl_env.calibrate.trial import Trial

LEVEL = 0.05
"""A loss that chance explains less often than this counts as one."""


@dataclass(frozen=True)
class Recommendation:
    """A size of perturbation, and why.

    Attributes:
        scale: lambda, or ``None`` if even the smallest that was tried costs successes.
        reason: The rule that led to it and what it met, in a sentence or two.
    """

    scale: float | None
    reason: str


def recommend(base: Trial, trials: Sequence[Trial]) -> Recommendation:
    """Recommend the largest perturbation that costs no successes.

    An agent begins by perturbing at random. It learns from the outcomes that this changes, which a
    small perturbation hardly does, and every success that it breaks is one less to learn from. So
    lambda goes up to the last before the first whose success is significantly below the unperturbed
    policy's on the same episodes (one-sided exact McNemar test, 5 %). Few episodes notice only
    large losses: with 60, some 0.15.

    It is where to begin and not the best there is. A larger lambda reaches further and costs
    successes while exploring, which some tasks make good and some do not.

    Args:
        base: The unperturbed policy.
        trials: Perturbed, in the order of their scale.

    Example:
        >>> import numpy as np
        >>> from zprl_env.evaluation import EvaluationResult
        >>> def trial(scale, successes):
        ...     outcome = np.arange(20), np.arange(20) < successes, np.full(20, 9)
        ...     return Trial(scale, EvaluationResult(*outcome), 0.0, 0.0, 0.0)
        >>> trials = [trial(1.0, 19), trial(2.0, 17), trial(4.0, 3)]
        >>> recommend(trial(0.0, 20), trials).scale
        2.0
    """
    rule = "the largest lambda before the first that costs successes (one-sided exact McNemar 5 %)"
    borne: float | None = None
    for trial in trials:
        difference = trial.versus(base)
        if loss_p_value(difference.gained, difference.lost) < LEVEL:
            met = (
                f"{trial.scale:g} breaks {difference.lost} episodes and rescues {difference.gained}"
            )
            if borne is None:
                return Recommendation(None, f"None of these: {met}. Try smaller --scales.")
            return Recommendation(borne, f"It is {rule}: {met}.")
        borne = trial.scale
    return Recommendation(borne, f"It is {rule}; none did, so try larger --scales as well.")


def loss_p_value(gained: int, lost: int) -> float:
    """Return how often chance alone would lose so many of the episodes with a changed outcome.

    >>> loss_p_value(0, 5), loss_p_value(5, 0)
    (0.03125, 1.0)
    """
    from scipy.stats import binomtest  # a second to import, and --help needs no test

    changed = gained + lost
    return float(binomtest(lost, changed, alternative="greater").pvalue) if changed else 1.0
