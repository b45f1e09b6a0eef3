"""Smallest budget of environment steps by which an agent learns anything, checked beforehand."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from zprl_env.errors import ConfigurationError
from zprl_env.training.agents.model import understood
from zprl_env.training.agents.off_policy import training_round
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.recipe import Recipe


class Pace(NamedTuple):
    """Pace of a run: how many environment steps its decisions and episodes take at most.

    Attributes:
        num_envs: Environments that decide together; with ``--overlap`` they are half of all.
        n_action_steps: Environment steps of a decision.
        episode_steps: Environment steps of an episode; None if nobody knows.
    """

    num_envs: int
    n_action_steps: int
    episode_steps: int | None = None


def check_budget(
    algo: str,
    recipe: Recipe,
    total_env_steps: int,
    pace: Pace,
    history: History | None = None,
) -> None:
    """Refuse a budget that ends before an agent's first update, before anything is played.

    Args:
        algo: The algorithm, as :func:`~zprl_env.training.settings.algorithms.find_algorithm`
            takes it.
        recipe: Its settings.
        total_env_steps: The budget.
        pace: What a decision and an episode take.
        history: What happened before, in a run that is resumed.

    Raises:
        ConfigurationError: The agent would be handed over as it began. The error names the
            smallest budget with which it is not, however long its episodes last.
    """
    history = history or History()
    if history.updates:
        return
    arguments = _arguments(algo, recipe, pace.num_envs)
    if find_algorithm(algo).off_policy:
        smallest, because = _after_warm_up(arguments, recipe, pace, history)
    else:
        rounds = arguments["n_steps"]
        smallest = rounds * pace.num_envs * pace.n_action_steps
        because = (
            f"its first update comes after {rounds * pace.num_envs} decisions (--rollout-decisions)"
        )
    smallest += history.env_steps + 1
    if total_env_steps < smallest:
        raise ConfigurationError(
            f"total_env_steps must be at least {smallest} for {algo} to learn anything: {because}, "
            f"each of up to {pace.n_action_steps} environment steps. Got: {total_env_steps}. "
            f"Try --total-env-steps {smallest} or, better, several times as many."
        )


def _after_warm_up(
    arguments: dict[str, Any], recipe: Recipe, pace: Pace, history: History
) -> tuple[int, str]:
    """Return the environment steps before the first update of an off-policy agent, and why."""
    size, steps = pace.num_envs, pace.n_action_steps
    left = -(-max(0, recipe.warmup_decisions - history.decisions) // size)
    frequency = arguments["train_freq"]
    every, unit = frequency if isinstance(frequency, tuple) else (frequency, "step")
    because = f"{recipe.warmup_decisions} decisions of warm-up (--warmup-decisions) come first"
    if unit == "episode":
        episode = pace.episode_steps or steps
        return left * size * steps + every * episode, (
            f"{because} and an update after an episode of up to {episode} environment steps "
            "(--updates-per-episode)"
        )
    began = history.decisions + left * size
    rounds = every
    while began + rounds * size <= arguments["learning_starts"]:
        rounds += every
    return (left + rounds) * size * steps, because


def _arguments(algo: str, recipe: Recipe, num_envs: int) -> dict[str, Any]:
    """Return when an algorithm is going to learn, as it is told or as it does by itself."""
    algorithm = find_algorithm(algo).algorithm
    offered = {
        "n_steps": max(1, recipe.rollout_decisions // num_envs),
        "train_freq": training_round(recipe, num_envs)[0],
        "learning_starts": 0,
    }
    own: dict[str, Any] = {"n_steps": 1, "train_freq": 1, "learning_starts": 0}
    for kind in reversed(algorithm.__mro__):
        if "__init__" in vars(kind):
            parameters = inspect.signature(vars(kind)["__init__"]).parameters
            own |= {
                name: parameters[name].default
                for name in own.keys() & parameters.keys()
                if parameters[name].default is not inspect.Parameter.empty
            }
    return own | understood(algorithm, offered)
