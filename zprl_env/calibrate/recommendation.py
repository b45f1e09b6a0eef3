"""Recommend lambda, the size of perturbation to train with, from trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zprl_env.calibrate.trial import Trial
from zprl_env.success_rates import Interval, wilson_interval

LEVEL = 0.05
"""A loss that chance explains less often than this counts as one."""
LEAST_SUCCESSES = 5
"""Successes that a policy must have to lose: losing all of four is chance in 1 case of 16."""
TOLERATED = 0.25
"""Loss of success rate that the interval of a lambda that is borne must exclude."""


@dataclass(frozen=True)
class Recommendation:
    """A size of perturbation, and why.

    Attributes:
        scale: lambda, or ``None`` if even the smallest that was tried costs successes, or the
            episodes are too few to tell.
        reason: The rule that led to it and what it met, in a sentence or two.
    """

    scale: float | None
    reason: str


def recommend(base: Trial, trials: Sequence[Trial]) -> Recommendation:
    """Recommend the largest perturbation that costs no successes, if the episodes can tell.

    An agent begins by perturbing at random. It learns from the outcomes that this changes, which a
    small perturbation hardly does, and every success that it breaks is one less to learn from. So
    lambda goes up to the last before the first whose success is significantly below the unperturbed
    policy's on the same episodes (one-sided exact McNemar test, 5 %).

    That nothing was significant says nothing where nothing could be. So the base policy must have
    `LEAST_SUCCESSES` to lose, and a lambda counts as borne only if the 95 % interval of its
    difference (:func:`difference_interval`) excludes a loss of more than `TOLERATED`. Where the
    episodes are too few for that there is no recommendation.

    It is where to begin and not the best there is. A larger lambda reaches further and costs
    successes while exploring, which some tasks make good and some do not.

    Args:
        base: The unperturbed policy.
        trials: Perturbed, in the order of their scale.

    Example:
        >>> import numpy as np
        >>> from zprl_env.evaluation import EvaluationResult
        >>> def trial(scale, successes):
        ...     outcome = np.arange(60), np.arange(60) < successes, np.full(60, 9)
        ...     return Trial(scale, EvaluationResult(*outcome), 0.0, 0.0, 0.0)
        >>> trials = [trial(1.0, 59), trial(2.0, 57), trial(4.0, 3)]
        >>> recommend(trial(0.0, 60), trials).scale
        2.0
    """
    solved, episodes = int(base.outcome.successes.sum()), base.outcome.episodes
    if solved < LEAST_SUCCESSES:
        return Recommendation(
            None,
            f"Too few episodes to tell: the policy alone solves {solved} of {episodes}, and only "
            f"the loss of {LEAST_SUCCESSES} or more can be told from chance. Try more --episodes"
            f"{', or a policy that succeeds now and then' if solved == 0 else ''}.",
        )
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
        low, high = difference_interval(base.outcome.successes, trial.outcome.successes)
        if low < -TOLERATED:
            met = f"at {trial.scale:g} the difference lies between {low:+.2f} and {high:+.2f}"
            if borne is None:
                return Recommendation(
                    None,
                    f"Too few episodes to tell: {met} (95 %), and to be borne a lambda must not "
                    f"lose more than {TOLERATED:g}. Try more than {episodes} --episodes.",
                )
            return Recommendation(
                borne,
                f"It is the largest of which the episodes can tell: {met} (95 %). Try more than "
                f"{episodes} --episodes.",
            )
        borne = trial.scale
    nothing = " The policy alone never fails, so there is nothing to gain." * (solved == episodes)
    return Recommendation(
        borne, f"It is {rule}; none did, so try larger --scales as well.{nothing}"
    )


def difference_interval(first: np.ndarray, second: np.ndarray) -> Interval:
    """Compute the 95 % interval of the difference of two success rates on the same episodes.

    Newcombe's square-and-add of the two Wilson intervals with a continuity-corrected correlation
    ("Improved confidence intervals for the difference between binomial proportions based on paired
    data", Statistics in Medicine 17, 1998, method 10).

    Args:
        first: Successes. Shape ``(N,)``, bool.
        second: Successes on the same episodes. Shape ``(N,)``, bool.

    Returns:
        The interval of the second rate minus the first.

    >>> low, high = difference_interval(np.arange(60) < 30, np.arange(60) < 30)
    >>> round(low, 3), round(high, 3)
    (-0.032, 0.032)
    """
    n = len(first)
    both, neither = int(np.sum(first & second)), int(np.sum(~first & ~second))
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(~first & second))
    margins = math.prod(
        (both + only_first, only_second + neither, both + only_second, only_first + neither)
    )
    agreement = float(both * neither - only_first * only_second)
    agreement = max(agreement - n / 2, 0.0) if agreement > 0 else agreement
    correlation = agreement / math.sqrt(margins) if margins else 0.0
    p1, p2 = float(np.mean(first)), float(np.mean(second))
    low1, high1 = wilson_interval(int(first.sum()), n)
    low2, high2 = wilson_interval(int(second.sum()), n)

    def added(a: float, b: float) -> float:
        return math.sqrt(max(a * a - 2 * correlation * a * b + b * b, 0.0))

    difference = p2 - p1
    return Interval(
        difference - added(p2 - low2, high1 - p1), difference + added(high2 - p2, p1 - low1)
    )


def loss_p_value(gained: int, lost: int) -> float:
    """Return how often chance alone would lose so many of the episodes with a changed outcome.

    >>> loss_p_value(0, 5), loss_p_value(5, 0)
    (0.03125, 1.0)
    """
    from scipy.stats import binomtest  # a second to import, and --help needs no test

    changed = gained + lost
    return float(binomtest(lost, changed, alternative="greater").pvalue) if changed else 1.0
