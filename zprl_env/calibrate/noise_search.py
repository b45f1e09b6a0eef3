"""Search for a fixed noise: play a policy from several starts of its flow and keep the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from policies.progress import progress_bar
from zprl_env.errors import ConfigurationError
from zprl_env.evaluation import BAR, VALIDATION_SEED, EvaluationResult, evaluate, success_note
from zprl_env.loading.resolve import PolicyLike
from zprl_env.options.noise import FlowNoise
from zprl_env.steering.wrapper import LatentSteeringWrapper
from zprl_env.success_rates import PairedDifference, paired_difference

EPISODES = 50
"""Episodes that a start is chosen by."""
CONFIRMATION_SEED = VALIDATION_SEED + 400_000
"""First seed of the episodes that the best start is played on once more: nothing is chosen by them,
and they are neither validation's of a training run nor the test episodes."""
REFERENCES = ("fresh", "zero")
"""Starts that the draws are compared with."""


class Start(NamedTuple):
    """Start of a flow and the base policy's episodes from there.

    Attributes:
        noise: As the option ``noise`` takes it.
        outcome: The episodes; a draw that fell behind has played fewer.
    """

    noise: str
    outcome: EvaluationResult


@dataclass(frozen=True)
class NoiseSearch:
    """Outcome of a search for the best of some fixed noises.

    Attributes:
        draws: Number K of vectors, those of the seeds 0 to K - 1.
        starts: Fresh and zero noise, and every draw, on the validation episodes.
        noise: The best draw, ``"fixed:SEED"``. Its success above was the largest of K, which
            flatters it.
        confirmed: The best draw's episodes on seeds that nothing was chosen by; None if none were
            played.
    """

    draws: int
    starts: tuple[Start, ...]
    noise: str
    confirmed: EvaluationResult | None

    def outcome(self, noise: str) -> EvaluationResult:
        """Return the validation episodes from a start."""
        return next(start.outcome for start in self.starts if start.noise == noise)

    def versus(self, noise: str) -> PairedDifference:
        """Compare the best draw with another start, on the episodes that both have played."""
        other = self.outcome(noise).successes
        return paired_difference(other, self.outcome(self.noise).successes[: len(other)])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "draws": self.draws,
            "noise": self.noise,
            "starts": [{"noise": noise, **outcome.to_dict()} for noise, outcome in self.starts],
            "confirmed": self.confirmed and self.confirmed.to_dict(),
        }


def best_noise(
    env: gym.Env,
    policy: PolicyLike,
    draws: int = 8,
    *,
    episodes: int = EPISODES,
    first_seed: int = VALIDATION_SEED,
    n_action_steps: int | None = None,
) -> str:
    """Find the best of some fixed noises for a policy: what ``noise="best:K"`` stands for.

    A flow that starts from the same vector at every decision leaves nothing to chance, and some
    vectors do better than chance. Nothing is learned; it takes ``draws`` x ``episodes`` x 3/4
    episodes, less than a minute for 8 draws on Lift.

    Args:
        env: An environment that fits the policy, not yet steered.
        policy: A policy object, a checkpoint's path or a shipped policy's name.
        draws: Number of vectors, at least 2.
        episodes: Episodes to choose by.
        first_seed: Seed of the first of them; the validation episodes' if not given.
        n_action_steps: Environment steps per decision; the task's, and else the policy's.

    Returns:
        The best one, as the option ``noise`` takes it: ``"fixed:3"``.

    Raises:
        ConfigurationError: The number of draws or episodes is too small, or the environment
            reports no success, which a noise is chosen by.
        PolicyMismatchError: Environment and policy do not fit each other.
    """
    found = search_noise(
        env,
        policy,
        draws,
        episodes=episodes,
        first_seed=first_seed,
        n_action_steps=n_action_steps,
        references=(),
        confirm=0,
    )
    return found.noise


def search_noise(
    env: gym.Env,
    policy: PolicyLike,
    draws: int,
    *,
    episodes: int = EPISODES,
    confirm: int = EPISODES,
    first_seed: int = VALIDATION_SEED,
    n_action_steps: int | None = None,
    references: Sequence[str] = REFERENCES,
    halve: bool = True,
) -> NoiseSearch:
    """Play a policy from fresh noise, from zero and from fixed draws, and keep the best draw.

    Every draw plays the first half of the episodes, the better half of the draws the second. All
    play the same seeds, from the latent's mean.

    Args:
        env: As :func:`best_noise` takes it.
        policy: As there.
        draws: As there.
        episodes: As there.
        confirm: Episodes of other seeds that the best draw is played on once more.
        first_seed: As in :func:`best_noise`.
        n_action_steps: As there.
        references: Starts to play besides, all episodes.
        halve: Let all draws play all episodes if not.

    Raises:
        ConfigurationError: As in :func:`best_noise`.
        PolicyMismatchError: Environment and policy do not fit each other.
    """
    FlowNoise.parse(f"best:{draws}")
    if episodes < 2:
        raise ConfigurationError(f"episodes must be at least 2. Got: {episodes}.")
    steered = LatentSteeringWrapper(
        env, policy, scale=0.0, sample_latent=False, noise="zero", n_action_steps=n_action_steps
    )
    seeds = range(first_seed, first_seed + episodes)
    names = [f"fixed:{seed}" for seed in range(draws)]
    first = seeds[: ceil(episodes / 2)] if halve else seeds
    total = len(references) * episodes + draws * len(first) + confirm
    total += ceil(draws / 2) * (episodes - len(first))
    with progress_bar(total=total, leave=False, bar_format=BAR) as bar:

        def played(noise: str, on: Sequence[int], title: str = "") -> EvaluationResult:
            bar.set_description(f"{title}noise {noise}", refresh=False)
            steered.noise = noise
            return evaluate(steered, None, on, lambda success: bar.update())

        outcomes = {noise: played(noise, seeds) for noise in references}
        outcomes |= {noise: played(noise, first) for noise in names}
        if note := success_note(env=steered, name="the environment"):
            raise ConfigurationError(f"noise is chosen by success. Got: {note}")
        if len(first) < len(seeds):
            for noise in ranked(names, outcomes)[: ceil(draws / 2)]:
                rest = played(noise, seeds[len(first) :])
                outcomes[noise] = joined(outcomes[noise], rest)
        most = max(outcomes[noise].episodes for noise in names)
        best = ranked([n for n in names if outcomes[n].episodes == most], outcomes)[0]
        fresh_seeds = range(CONFIRMATION_SEED, CONFIRMATION_SEED + confirm)
        confirmed = played(best, fresh_seeds, "best: ") if confirm else None
    return NoiseSearch(draws, tuple(map(Start._make, outcomes.items())), best, confirmed)


def ranked(names: Sequence[str], outcomes: dict[str, EvaluationResult]) -> list[str]:
    """Sort starts by their success, the best first; of equals the quicker, then the earlier."""

    def merit(noise: str) -> tuple[float, float]:
        return -outcomes[noise].success_rate, outcomes[noise].mean_length

    return sorted(names, key=merit)


def joined(first: EvaluationResult, second: EvaluationResult) -> EvaluationResult:
    """Join the episodes of two results."""
    names = ("seeds", "successes", "lengths", "returns")
    parts = [(getattr(first, name), getattr(second, name)) for name in names]
    lost = Counter(first.not_counted) + Counter(second.not_counted)
    seeds, successes, lengths, returns = map(np.concatenate, parts)
    return EvaluationResult(seeds, successes, lengths, returns, dict(lost))


def sentences(search: NoiseSearch) -> Iterator[str]:
    """Say what a search has found, and what is to be thought of it, a sentence at a time."""
    chosen = search.outcome(search.noise)
    yield (
        f"{search.noise} is the best of {search.draws} fixed draws: {chosen}. It was chosen by "
        f"these episodes, which flatters it."
    )
    if search.confirmed is not None:
        yield f"On {search.confirmed.episodes} other episodes it has {search.confirmed}."
    for noise in REFERENCES:
        if any(start.noise == noise for start in search.starts):
            against = search.versus(noise)
            yield (
                f"Against {noise} noise: {against.difference:+.2f}, {against.gained} episodes "
                f"gained and {against.lost} lost (McNemar p = {against.p_value:.2g})."
            )
