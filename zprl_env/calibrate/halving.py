"""Check of a lambda that a rule gives: halved until the policy keeps half of its successes."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym

from policies.progress import progress_bar
from zprl_env.calibrate.recommendation import LEAST_SUCCESSES
from zprl_env.calibrate.trial import Trial, play
from zprl_env.evaluation import VALIDATION_SEED
from zprl_env.loading.resolve import PolicyLike

EPISODES = 20
"""Episodes of each lambda."""
HALVINGS = 4
"""Times that it is halved at most."""
KEPT = 0.5
"""Share of the policy's successes that is left by a lambda to train with."""


class Halving(NamedTuple):
    """Outcome of the check of a lambda.

    Attributes:
        scale: The lambda to train with.
        reason: What was met, in a sentence.
        base: The unperturbed policy.
        trials: Perturbed, from the largest lambda on; none if the policy has too little to lose.
    """

    scale: float
    reason: str
    base: Trial
    trials: list[Trial]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        trials = [trial.to_dict() for trial in (self.base, *self.trials)]
        return {"trials": trials, "scale": self.scale, "reason": self.reason}


def halve_scale(
    env: gym.Env, policy: PolicyLike, scale: float, *, episodes: int = EPISODES, **options: Any
) -> Halving:
    """Halve a lambda until the policy, perturbed at random by it, keeps half of its successes.

    A rule knows the demonstrations' latents and not the task. Where a task forgives little, what it
    gives may leave an exploring agent without a success to learn from. That is seen in a few
    episodes; what a policy bears without loss takes the many of
    :func:`~zprl_env.calibrate.scale_search.search_scale`.

    Args:
        env: An environment that fits the policy, not yet steered.
        policy: A policy object, a checkpoint's path or a shipped policy's name.
        scale: The lambda to begin with.
        episodes: Episodes of each, the first validation episodes.
        **options: Of the steering, such as ``noise``, which is to be training's.

    Raises:
        PolicyMismatchError: Environment and policy do not fit each other.
    """
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + episodes)
    with progress_bar(total=2 * episodes, unit="episode", leave=False) as bar:

        def trial(size: float) -> Trial:
            bar.total = max(bar.total or 0, bar.n + episodes)
            bar.set_description(f"lambda {size:.2g}", refresh=False)
            return play(env, policy, size, seeds, on_episode=lambda _: bar.update(), **options)

        base = trial(0.0)
        alone = int(base.outcome.successes.sum())
        if alone < LEAST_SUCCESSES:
            few = f"unchecked: the policy alone solves {alone} of {episodes}, too few to lose any."
            return Halving(scale, few, base, [])
        trials = [trial(scale)]
        while _left(trials[-1]) < KEPT * alone and len(trials) <= HALVINGS:
            trials.append(trial(trials[-1].scale / 2))
    last, first = trials[-1], trials[0]
    reason = f"perturbed at random the policy solves {_left(last)} of {episodes}, alone {alone}"
    if last is not first:
        reason += f"; by {first.scale:.2g}, the rule's, {_left(first)}"
    if _left(last) < KEPT * alone:
        reason += ". Little is left to learn from: --scale calibrate finds what it bears"
    return Halving(last.scale, f"{reason}.", base, trials)


def _left(trial: Trial) -> int:
    return int(trial.outcome.successes.sum())
