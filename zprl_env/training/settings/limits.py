"""Ranges of the numbers in a run's settings."""

from __future__ import annotations

import math

from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.options.noise import check_noise
from zprl_env.options.ranges import COUNT, FRACTION, POSITIVE, SIZE, Range, check
from zprl_env.success_rates import fewest_to_reach, wilson_interval
from zprl_env.training.settings.recipe import Recipe

CONFIG = {
    "total_env_steps": COUNT,
    # Training never meets an episode that evaluation is going to play.
    "seed": Range(0, VALIDATION_SEED - 10_000),
    "num_envs": Range(1, 10_000),
    "workers": Range(1, 10_000),
    "max_age": COUNT,
    "eval_every": COUNT,
    "checkpoint_every": COUNT,
    "validation_episodes": Range(1, TEST_SEED - VALIDATION_SEED),
    "stop_at": FRACTION,
    "eval_episodes": COUNT,
    "threads": COUNT,
    "takeover_unexplained": Range(0, 1),
}
"""Ranges for :class:`zprl_env.training.config.Config`."""

RECIPE = {
    "scale": SIZE,
    "n_action_steps": COUNT,
    "reward_scale": POSITIVE,
    "gamma": FRACTION,
    "warmup_decisions": SIZE,
    "warmup_noise": SIZE,
    "target_critics": SIZE,
    "pull": SIZE,
    # At 1 the average would never move.
    "actor_average": Range(0, 0.999999),
    "best_of": COUNT,
    "hold": COUNT,
    "progressive_exploration": SIZE,
    "reset_every": SIZE,
    "base_samples": SIZE,
    "success_share": Range(0, 1),
    # Below that, the fewest whole numbers of updates and decisions are not small.
    "updates_per_decision": Range(0.01),
    "updates_per_episode": SIZE,
    "batch_size": COUNT,
    "learning_rate": POSITIVE,
    "tau": FRACTION,
    "n_critics": COUNT,
    "lstm_hidden": COUNT,
    "actor_init": POSITIVE,
    "max_grad_norm": POSITIVE,
    "n_steps": COUNT,
    "action_noise": SIZE,
    "buffer_size": COUNT,
    "rollout_decisions": Range(2),
    "n_epochs": COUNT,
    "gae_lambda": Range(0, 1),
}
"""Ranges for :class:`~zprl_env.training.settings.recipe.Recipe`."""

EVALUATION = {
    "episodes": COUNT,
    "seed": SIZE,
    "n_action_steps": COUNT,
    "threads": COUNT,
}
"""Ranges for :class:`zprl_env.evaluate.Evaluation`."""


def check_stop(stop_at: float | None, episodes: int) -> None:
    """Refuse a success rate that not even an agent without a failure would be seen to reach.

    Args:
        stop_at: The rate that the lower bound of a Wilson interval has to reach, if any.
        episodes: Episodes of an evaluation.

    Raises:
        ZprlError: There are too few of them, or it is 1.

    >>> check_stop(0.95, 73)
    >>> check_stop(0.95, 50)
    Traceback (most recent call last):
    policies.errors.ZprlError: stop_at must be at most 0.928 with 50 validation episodes, ...
    """
    if stop_at is None:
        return
    most = wilson_interval(episodes, episodes).low
    if most < stop_at:
        enough = "" if stop_at == 1 else f" --validation-episodes {fewest_to_reach(stop_at)} or"
        raise ZprlError(
            f"stop_at must be at most {math.floor(1000 * most) / 1000:g} with {episodes} "
            f"validation episodes, which is the lower bound if all succeed. Got: {stop_at:g}. "
            f"Try{enough} a lower rate."
        )


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that nothing could be trained by.

    Raises:
        ZprlError: A setting is impossible.
    """
    check(recipe, RECIPE)
    check_noise(recipe.noise, best=True)
    if not recipe.hidden or min(recipe.hidden) < 1:
        raise ZprlError(f"hidden must be layers of at least 1. Got: {recipe.hidden!s:.80}.")
    if not recipe.log_std_min < recipe.log_std_max:
        raise ZprlError(
            f"log_std_min must be below log_std_max. "
            f"Got: {recipe.log_std_min:g} and {recipe.log_std_max:g}."
        )
    if recipe.squash_q and (recipe.reward, recipe.reward_scale) != ("sparse", 1.0):
        raise ZprlError(
            f"squash_q must come with returns between 0 and 1: --reward sparse --reward-scale 1. "
            f"Got: {recipe.reward} and {recipe.reward_scale:g}."
        )
    try:
        number = recipe.ent_coef.removeprefix("auto_")
        fixed = number == recipe.ent_coef
        possible = number == "auto" or float(number) > 0 or (fixed and float(number) == 0)
    except ValueError:
        possible = False
    if not possible:
        raise ZprlError(
            f"ent_coef must be 'auto', 'auto_' and a number above 0, or a number, at least 0. "
            f"Got: {recipe.ent_coef!r:.80}."
        )
