"""Search for lambda: a policy under random perturbations of several sizes, and what it bears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import gymnasium as gym

from policies.progress import progress_bar
from zprl_env.calibrate.recommendation import Recommendation, recommend
from zprl_env.calibrate.trial import Hold, Trial, play
from zprl_env.errors import ZprlError
from zprl_env.evaluation import VALIDATION_SEED
from zprl_env.loading.resolve import PolicyLike

SCALES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Sizes that are tried if none are given."""
EPISODES = 60
"""Episodes of each."""


class ScaleSearch(NamedTuple):
    """Outcome of a search for the largest perturbation that a policy bears.

    Attributes:
        base: The unperturbed policy.
        trials: Perturbed, in the order of their size.
        recommendation: The size to train with, if the episodes can tell.
    """

    base: Trial
    trials: list[Trial]
    recommendation: Recommendation

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "trials": [trial.to_dict() for trial in (self.base, *self.trials)],
            "recommendation": vars(self.recommendation),
        }


def borne_scale(
    env: gym.Env,
    policy: PolicyLike,
    scales: Iterable[float] = SCALES,
    *,
    episodes: int = EPISODES,
    **options: Any,
) -> float:
    """Find the largest lambda that a policy bears: what ``--scale calibrate`` stands for.

    Args:
        env: An environment that fits the policy, not yet steered.
        policy: A policy object, a checkpoint's path or a shipped policy's name.
        scales: Sizes to try.
        episodes: Episodes of each, on the validation seeds.
        **options: Of the steering, such as ``noise``, which is to be training's.

    Returns:
        The size; where that is, :func:`~zprl_env.calibrate.recommendation.recommend` says.

    Raises:
        ZprlError: Even the smallest costs successes, or the episodes are too few to tell.
    """
    found = search_scale(env, policy, scales, episodes=episodes, **options).recommendation
    if found.scale is None:
        raise ZprlError(f"A scale must be one that the policy bears. Got: none. {found.reason}")
    return found.scale


def search_scale(
    env: gym.Env,
    policy: PolicyLike,
    scales: Iterable[float] = SCALES,
    *,
    episodes: int = EPISODES,
    hold: Hold = "decision",
    **options: Any,
) -> ScaleSearch:
    """Play a policy alone and perturbed at random, and recommend a size of perturbation.

    Args:
        env: As :func:`borne_scale` takes it.
        policy: As there.
        scales: As there.
        episodes: As there.
        hold: How long a perturbation is kept.
        **options: As there.

    Raises:
        PolicyMismatchError: Environment and policy do not fit each other.
        ConfigurationError: An option is out of range.
    """
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + episodes)
    sizes = (0.0, *sorted(set(scales)))
    trials = []
    with progress_bar(total=len(sizes) * episodes, unit="episode", leave=False) as bar:
        for size in sizes:
            bar.set_description(f"lambda {size:g}", refresh=False)
            trials.append(
                play(
                    env,
                    policy,
                    size,
                    seeds,
                    hold=hold,
                    on_episode=lambda success: bar.update(),
                    **options,
                )
            )
    base, *perturbed = trials
    return ScaleSearch(base, perturbed, recommend(base, perturbed))
