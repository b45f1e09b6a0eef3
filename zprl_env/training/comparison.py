"""Comparison of base and steered policy on identical seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zprl_env.evaluation import Agent, EvaluationResult, play
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.seeing.environment import make_env_for
from zprl_env.success_rates import PairedDifference, paired_difference
from zprl_env.training.environment import evaluation_env
from zprl_env.training.run.base_results import BaseResults
from zprl_env.training.settings.recipe import Recipe

BASE = "base policy"
"""Name of the base policy's result, with the noise it was trained with."""


class Comparison:
    """Comparison of a frozen policy alone and steered by an agent, on identical seeds.

    A recipe may start the flow elsewhere, which by itself changes how often a policy succeeds:
    the base policy is then played both as imitation made it and as the agent meets it.

    Attributes:
        env: The steered environment; it acts from the latent's mean, as evaluation does.
        results: Outcomes by name, all on the same seeds, in the order they were played.
    """

    def __init__(
        self,
        env: str,
        policy: PolicyLike,
        where: str,
        recipe: Recipe,
        env_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the environments.

        Args:
            env: Task, as :func:`~zprl_env.envs.make_env` takes it.
            policy: A policy object, a path or a shipped name.
            where: Where the agent enters the policy.
            recipe: Settings of the steering.
            env_kwargs: Passed to the environment.

        Raises:
            PolicyMismatchError: Environment and policy do not fit each other.
        """
        policy, kwargs = resolve_policy(policy), env_kwargs or {}
        self.env = evaluation_env(make_env_for(policy, env, **kwargs), policy, where, recipe)
        self._bases = {BASE: self.env}
        if recipe.noise != "fresh":
            imitation = replace(recipe, noise="fresh")
            self._bases = {
                BASE: evaluation_env(make_env_for(policy, env, **kwargs), policy, where, imitation),
                f"{BASE}, noise {recipe.noise}": self.env,
            }
        self.results: dict[str, EvaluationResult] = {}

    def play_bases(self, seeds: Sequence[int], kept: BaseResults | None = None) -> None:
        """Play the base policy, with imitation's noise and with the recipe's.

        Args:
            seeds: Seed of each episode.
            kept: Results of a run, which are not played again.
        """
        for name, env in self._bases.items():
            if kept is None:
                self.results[name] = play(name, env, None, seeds)
            else:
                self.results[name] = kept.play(name, env, seeds)

    def play_steered(self, name: str, agent: Agent, seeds: Sequence[int]) -> None:
        """Play the steered policy.

        Args:
            name: What to call it.
            agent: The agent.
            seeds: Those of :meth:`play_bases`.
        """
        self.results[name] = play(name, self.env, agent, seeds)

    @property
    def difference(self) -> PairedDifference | None:
        """Difference of the steered policy from the better base, once both were played."""
        if len(self.results) <= len(self._bases):
            return None
        *bases, steered = self.results.values()
        bases = [result for result in bases if result.episodes]
        if not bases:
            return None
        best = max(bases, key=lambda result: result.success_rate)
        both = np.intersect1d(best.seeds, steered.seeds)  # episodes that count for both
        if not both.size:
            return None
        pair = (r.successes[np.isin(r.seeds, both)] for r in (best, steered))
        return paired_difference(*pair)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        difference = self.difference
        return {
            "test": {name: result.to_dict() for name, result in self.results.items()},
            "paired_difference": difference and difference._asdict(),
        }

    def close(self) -> None:
        """Close the environments."""
        for env in self._bases.values():
            env.close()
