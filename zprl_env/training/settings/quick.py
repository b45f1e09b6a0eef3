"""Quick run (smoke run): the settings of ``--quick``, which ends within a minute and a half."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import Any

from zprl_env.tasks import find_task
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.rates import USUAL_CHUNK, seconds_per_step, steps_per_second
from zprl_env.training.settings.recipe import Recipe

SECONDS, SECONDS_PLAYING, SHORTEST = 57.0, 15.0, 8.0
"""Time for all episodes; for those that are played alone; and at least for learning. Starting,
reporting and a slower machine take the rest."""
FEWEST, MOST = 6, 30
"""Bounds of the held-out episodes: fewer can show nothing at all."""
VALIDATION = 20
WARMUP = 120
"""Most decisions of the base policy to begin with: the usual 500 leave hardly any steps to learn
from."""
ROLLOUT = 128
"""Most decisions of a rollout of on-policy methods, for the same reason."""
MOST_STEPS = 10_000


def quick_settings(env: str, algo: str, recipe: Recipe) -> dict[str, Any]:
    """Choose the settings of a quick run; the command line overrides each of them.

    Args:
        env: Task, as :func:`~zprl_env.envs.make_env` takes it.
        algo: Algorithm.
        recipe: The usual recipe of both.

    Returns:
        Fields of ``Config`` by name, but for the recipe's.

    >>> quick_settings("Lift", "crossq", Recipe())["total_env_steps"]
    9000
    """
    rate, limit = steps_per_second(env), find_task(env).max_episode_steps or 200
    length = 0.75 * limit  # successes are shorter
    episodes = max(int(SECONDS_PLAYING * rate / length), 3 * FEWEST + 2)
    validation = min(VALIDATION, max(episodes // 6, 1)) if episodes > 3 * FEWEST + 2 else 1
    held_out = (episodes - 2 * validation) // 3  # two base policies and the steered one
    learning = max(SECONDS - episodes * length / rate, SHORTEST)
    steps = int(min(learning / seconds_per_step(algo, recipe, rate), MOST_STEPS))
    steps = max(steps // 1000, 1) * 1000
    return {
        "total_env_steps": steps,
        "eval_every": steps,
        "validation_episodes": validation,
        "eval_episodes": min(max(held_out, FEWEST), MOST),
        "video": False,
    }


def quick_recipe(algo: str, recipe: Recipe, env_steps: int) -> Recipe:
    """Shorten a recipe's warm-up or rollouts, so that little is enough to learn from.

    Args:
        algo: Algorithm.
        recipe: Its usual recipe.
        env_steps: Environment steps to learn from.

    >>> quick_recipe("sac", Recipe(), 9_000).warmup_decisions
    120
    """
    decisions = env_steps // (recipe.n_action_steps or USUAL_CHUNK)
    if find_algorithm(algo).off_policy:
        return replace(
            recipe, warmup_decisions=min(recipe.warmup_decisions, WARMUP, decisions // 3)
        )
    rollout = 2 ** int(log2(min(recipe.rollout_decisions, ROLLOUT, max(decisions // 3, 2))))
    batch = min(recipe.batch_size, rollout)
    return replace(recipe, rollout_decisions=rollout, batch_size=batch)
