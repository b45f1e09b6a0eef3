"""Ranges of the numbers in a run's settings."""

from __future__ import annotations

from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.options.noise import check_noise
from zprl_env.options.ranges import COUNT, FRACTION, POSITIVE, SIZE, Range, check
from zprl_env.training.settings.recipe import Recipe

CONFIG = {
    "total_env_steps": COUNT,
    # Training never meets an episode that evaluation is going to play.
    "seed": Range(0, VALIDATION_SEED - 10_000),
    "num_envs": Range(1, 10_000),
    "eval_every": COUNT,
    "checkpoint_every": COUNT,
    "validation_episodes": Range(1, TEST_SEED - VALIDATION_SEED),
    "eval_episodes": COUNT,
    "threads": COUNT,
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
    "success_share": Range(0, 1),
    "updates_per_decision": COUNT,
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


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that nothing could be trained by.

    Raises:
        ZprlError: A setting is impossible.
    """
    check(recipe, RECIPE)
    check_noise(recipe.noise, best=True)
    if not recipe.hidden or min(recipe.hidden) < 1:
        raise ZprlError(f"hidden must be layers of at least 1. Got: {recipe.hidden}.")
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
        possible = recipe.ent_coef == "auto" or float(recipe.ent_coef.removeprefix("auto_")) > 0
    except ValueError:
        possible = False
    if not possible:
        raise ZprlError(
            f"ent_coef must be 'auto', 'auto_' and a number, or a number, above 0. "
            f"Got: {recipe.ent_coef!r}."
        )
