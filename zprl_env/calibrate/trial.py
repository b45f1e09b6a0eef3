"""One trial of a calibration: a frozen policy under random perturbations of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import gymnasium as gym
import numpy as np

from zprl_env.evaluation import Agent, EvaluationResult, evaluate
from zprl_env.loading.resolve import PolicyLike
from zprl_env.steering import Decision, LatentSteering
from zprl_env.steering.wrapper import LatentSteeringWrapper
from zprl_env.success_rates import PairedDifference, paired_difference

Hold: TypeAlias = Literal["decision", "episode"]
"""Time for which a perturbation is kept until another is drawn."""

_PERTURBATION_STREAM = 2
"""Spawn key of the perturbations' random generator, shared by neither environment nor policy."""


@dataclass(frozen=True)
class Trial:
    """Effects of random perturbations of one size.

    Attributes:
        scale: lambda.
        outcome: The episodes.
        ratio: RMS(lambda dz) / RMS(z), over all decisions.
        distance: RMS distance of z~ from the demonstrations' latents, 1 being their own.
        change: RMS change of the executed actions, as a share of the actions' range.
    """

    scale: float
    outcome: EvaluationResult
    ratio: float
    distance: float
    change: float

    def versus(self, base: Trial) -> PairedDifference:
        """Compare with the unperturbed policy: rescued episodes are gained, broken ones lost."""
        return paired_difference(base.outcome.successes, self.outcome.successes)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as values of JSON."""
        return {**vars(self), "outcome": self.outcome.to_dict()}


def random_agent(size: int, seed: int, hold: Hold) -> Agent:
    """Make an agent that perturbs at random, uniformly in [-1, 1].

    The same seed draws the same directions whatever their size is going to be, so that sizes are
    compared on the same perturbations.

    Args:
        size: Size of an action.
        seed: Seed of the episode.
        hold: How long a perturbation is kept.

    Example:
        >>> agent = random_agent(2, seed=0, hold="episode")
        >>> bool((agent(np.zeros(3)) == agent(np.ones(3))).all())
        True
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PERTURBATION_STREAM,)))

    def draw() -> np.ndarray:
        return rng.uniform(-1.0, 1.0, size).astype(np.float32)

    kept = draw()
    return lambda observation: kept if hold == "episode" else draw()


class ComparedSteering(LatentSteering):
    """Latent steering that also decodes the unperturbed latent, to measure the difference.

    Attributes:
        measures: ``ratio``, ``distance`` and ``change`` of every decision so far, squared.
        actions: The environment's space of single actions.
    """

    actions: gym.spaces.Box

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take the arguments of :class:`LatentSteering`."""
        super().__init__(*args, **options)
        self.measures: list[tuple[float, float, float]] = []

    def decode(self, decoder: Any, actions: Any, latents: Any, noise: Any) -> tuple[Any, Any]:
        """Decode with and without the perturbation; return the former."""
        chunks, decoded = super().decode(decoder, actions, latents, noise)
        alone = decoder(latents, noise)[:, : self.n_decided]
        low, high = self.actions.low, self.actions.high
        change = np.clip(chunks, low, high) - np.clip(alone, low, high)
        change /= np.where(np.isfinite(high - low), high - low, 1.0)  # else in the actions' units
        (measured,) = self.measure(Decision(chunks, actions, decoded))
        self.measures.append(
            (measured["ratio"] ** 2, measured["distance"] ** 2, float(np.mean(change**2)))
        )
        return chunks, decoded


class ComparedSteeringWrapper(LatentSteeringWrapper):
    """An environment steered by :class:`ComparedSteering`."""

    steering_class = ComparedSteering
    steering: ComparedSteering

    def __init__(self, env: gym.Env, policy: PolicyLike, **options: Any) -> None:
        """Take the arguments of :class:`LatentSteeringWrapper`."""
        super().__init__(env, policy, **options)
        self.steering.actions = cast(gym.spaces.Box, env.action_space)


def play(
    env: gym.Env,
    policy: PolicyLike,
    scale: float,
    seeds: Iterable[int],
    *,
    hold: Hold = "decision",
    on_episode: Callable[[bool], object] | None = None,
    **options: Any,
) -> Trial:
    """Play one perturbed episode per seed.

    Args:
        env: An environment that fits the policy, not yet steered.
        policy: A policy object, a path or a shipped name.
        scale: lambda; 0 is the policy itself.
        seeds: Seed of each episode and of its perturbations.
        hold: How long a perturbation is kept.
        on_episode: Called with each episode's success, for progress.
        **options: Of the steering, such as ``noise``.

    Returns:
        Outcomes and what was measured.

    Raises:
        PolicyMismatchError: Environment and policy do not fit each other.
        ConfigurationError: An option is out of range.
    """
    steered = ComparedSteeringWrapper(env, policy, scale=scale, sample_latent=False, **options)
    size = steered.steering.agent_dim
    episodes = [
        evaluate(steered, random_agent(size, seed, hold), [seed], on_episode) for seed in seeds
    ]
    parts = [[getattr(e, name) for e in episodes] for name in ("seeds", "successes", "lengths")]
    outcome = EvaluationResult(*(np.concatenate(part) for part in parts))
    return Trial(scale, outcome, *np.sqrt(np.mean(steered.steering.measures, axis=0)).tolist())
