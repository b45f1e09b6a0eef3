"""Ratio of updates to decisions, kept by a learner that decides nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from zprl_env.errors import ConfigurationError
from zprl_env.training.settings.recipe import Recipe

COURSE = 4
"""Decisions of each of its environments that a worker is asked for at a time."""
AHEAD = 2
"""Requests that a worker has at most, so that it need not wait for the next one."""
LEAST_AGE = 1_000
"""Updates by which an agent may be behind in any case, if nothing is said."""


@dataclass(frozen=True)
class Ratio:
    """Rule of how many updates there are for the decisions that have arrived.

    Never more than the recipe's: the learner then has nothing to learn. And not many fewer: as soon
    as a course of everybody's is waiting to be learned from, the workers are asked for no more.

    Attributes:
        recipe: Of the run.
        num_envs: Environments in all.
    """

    recipe: Recipe
    num_envs: int

    def owed(self, decisions: int, episodes: int, updates: int) -> int:
        """Return how many updates there are to take.

        Args:
            decisions: Stored so far, those of the warm-up among them.
            episodes: Ended since the warm-up.
            updates: Taken so far.

        >>> Ratio(Recipe(updates_per_decision=0.5, warmup_decisions=10), 1).owed(15, 0, 1)
        1
        """
        over = decisions - self.recipe.warmup_decisions
        if over < 0:
            return 0
        if self.recipe.updates_per_episode:
            return self.recipe.updates_per_episode * episodes - updates
        return floor(self.recipe.updates_per_decision * over + 1e-9) - updates

    def holds(self, owed: int) -> bool:
        """Tell whether the workers are to wait for the learner.

        Args:
            owed: As :meth:`owed`.

        >>> ratio = Ratio(Recipe(updates_per_decision=2), num_envs=3)
        >>> ratio.holds(24), ratio.holds(25)
        (False, True)
        """
        return owed > self.of_a_course

    @property
    def of_a_course(self) -> float:
        """Updates that belong to a course of every environment, or to an episode."""
        per_episode = self.recipe.updates_per_episode
        return per_episode or self.recipe.updates_per_decision * COURSE * self.num_envs

    @property
    def of_all_under_way(self) -> int:
        """Updates that can pass, by this rule, between a decision and its arrival."""
        return floor((AHEAD + 2) * self.of_a_course) + 1

    @property
    def usual_max_age(self) -> int:
        """Age from which decisions are dropped, if nothing is said."""
        return max(LEAST_AGE, 2 * self.of_all_under_way)


def check_max_age(max_age: int | None, ratio: Ratio) -> int:
    """Refuse a bound by which nearly all decisions would be dropped; return it, or the usual.

    Args:
        max_age: Updates by which an agent may be behind; None is the usual.
        ratio: Of updates to decisions.

    Raises:
        ConfigurationError: It is shorter than a decision's way.
    """
    if max_age is None:
        return ratio.usual_max_age
    if max_age < ratio.of_all_under_way:
        raise ConfigurationError(
            f"max_age must be at least {ratio.of_all_under_way} with {ratio.num_envs} "
            f"environments, as many updates as pass while decisions are under way. "
            f"Got: {max_age}. Leave --max-age out for {ratio.usual_max_age}."
        )
    return max_age
