"""Noise and scale that a run finds by playing the base policy before it learns, and keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from zprl_env.calibrate import halving, noise_search, scale_search
from zprl_env.calibrate.halving import halve_scale
from zprl_env.calibrate.noise_search import search_noise, sentences
from zprl_env.calibrate.scale_search import search_scale
from zprl_env.errors import ConfigurationError
from zprl_env.files import CALIBRATION_FILE, RunFolderError, read_json
from zprl_env.options.noise import FlowNoise
from zprl_env.options.stored import stored_noise
from zprl_env.seeing.environment import make_env_for
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.latent import auto_scale
from zprl_env.training.settings.recipe import Recipe

QUICK_EPISODES = 6
"""Episodes of each noise or lambda in a smoke run."""

Say = Callable[[str], object]


def find_settings(
    recipe: Recipe,
    env: str,
    policy: SteerablePolicy,
    env_kwargs: Mapping[str, Any],
    say: Say,
    *,
    quick: bool = False,
) -> tuple[Recipe, dict[str, Any] | None]:
    """Find what a recipe leaves to be found: ``noise="best:K"``, ``scale="calibrate"`` or "auto".

    On a robot, whose episodes cost its minutes, the scale of "auto" is taken unchecked.

    Args:
        recipe: The recipe.
        env: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: The base policy, which plays the validation episodes.
        env_kwargs: Passed to the environment.
        say: Told what is played and what was found.
        quick: Play few episodes, which choose badly.

    Returns:
        The recipe with what was found, and what was played for it, as values of JSON, to be kept in
        the run: None if nothing was to be found.

    Raises:
        ConfigurationError: The environment reports no success, which a noise is chosen by.
        PolicyMismatchError: Environment and policy do not fit each other.
    """
    kept: dict[str, Any] = {"asked": asked(recipe), "found": {}}
    if not kept["asked"]:
        return recipe, None
    known = stored_noise(recipe.noise, policy)
    if known != recipe.noise:
        say(f"The policy's checkpoint stores the best of these draws: {known}.")
    recipe = replace(recipe, noise=str(known))
    steps, noise = recipe.n_action_steps, FlowNoise.parse(recipe.noise)
    with closing(make_env_for(policy, env, **env_kwargs)) as made:
        if noise.kind == "best":
            episodes = QUICK_EPISODES if quick else noise_search.EPISODES
            say(
                f"Searching: the base policy plays up to {episodes} validation episodes from each "
                f"of {noise.draws} fixed draws of noise, from fresh noise and from zero."
            )
            search = search_noise(
                made, policy, noise.draws, episodes=episodes, confirm=episodes, n_action_steps=steps
            )
            for sentence in sentences(search):
                say(sentence)
            recipe = replace(recipe, noise=search.noise)
            kept["noise_search"] = search.to_dict()
        if recipe.scale == "calibrate":
            episodes = QUICK_EPISODES if quick else scale_search.EPISODES
            say(
                f"Calibrating: the base policy plays {episodes} validation episodes alone and "
                f"perturbed at random by each of {len(scale_search.SCALES)} lambdas."
            )
            tried = search_scale(
                made, policy, episodes=episodes, noise=recipe.noise, n_action_steps=steps
            )
            borne, reason = tried.recommendation.scale, tried.recommendation.reason
            scale: Any = "auto" if borne is None else borne
            say(
                f"lambda {scale}: {reason}" if borne else f"{reason} So lambda follows from 'auto'."
            )
            recipe = replace(recipe, scale=scale)
            kept["scale_search"] = tried.to_dict()
        if recipe.scale == "auto" and not getattr(made.unwrapped, "in_real_time", False):
            episodes = QUICK_EPISODES if quick else halving.EPISODES
            rule = float(auto_scale(policy)[0])
            say(
                f"Checking lambda {rule:.2g}, which follows from the policy: it plays {episodes} "
                "validation episodes alone, and perturbed at random."
            )
            checked = halve_scale(
                made, policy, rule, episodes=episodes, noise=recipe.noise, n_action_steps=steps
            )
            say(f"lambda {checked.scale:.2g}: {checked.reason}")
            recipe = replace(recipe, scale=checked.scale)
            kept["scale_check"] = checked.to_dict()
    kept["found"] = {name: getattr(recipe, name) for name in kept["asked"]}
    return recipe, kept


def asked(recipe: Recipe) -> dict[str, str]:
    """Return the settings of a recipe that are to be found by playing.

    >>> asked(Recipe(noise="best:8")), asked(Recipe())
    ({'noise': 'best:8'}, {})
    """
    found = {}
    try:
        if FlowNoise.parse(recipe.noise).kind == "best":
            found["noise"] = recipe.noise
    except ConfigurationError:  # which is told where settings are checked
        pass
    if recipe.scale in ("auto", "calibrate"):
        found["scale"] = recipe.scale
    return found


def search_episodes(recipe: Recipe, *, quick: bool = False) -> int:
    """Count the episodes that are played to find a recipe's settings.

    Args:
        recipe: The recipe.
        quick: As :func:`find_settings` takes it.
    """
    wanted, total = asked(recipe), 0
    if "noise" in wanted:
        episodes = QUICK_EPISODES if quick else noise_search.EPISODES
        draws = FlowNoise.parse(wanted["noise"]).draws
        total += (len(noise_search.REFERENCES) + 1 + draws) * episodes - draws * episodes // 4
    if wanted.get("scale") == "calibrate":
        episodes = QUICK_EPISODES if quick else scale_search.EPISODES
        total += (1 + len(scale_search.SCALES)) * episodes
    if wanted.get("scale") == "auto":
        total += 2 * (QUICK_EPISODES if quick else halving.EPISODES)
    return total


def with_found(recipe: Recipe, stored: Recipe, run: Path) -> Recipe:
    """Return a recipe with what a run has found for it before, so that nothing is played again.

    Args:
        recipe: What a run is to be resumed with.
        stored: The run's own recipe.
        run: The run's folder.

    Returns:
        The recipe; the same if it asks for nothing, or for something else than the run did.
    """
    wanted = asked(recipe)
    if not wanted or not (run / CALIBRATION_FILE).is_file():
        return recipe
    try:
        before = read_json(run / CALIBRATION_FILE)["asked"]
        same = [name for name, value in wanted.items() if before[name] == value]
    except (KeyError, TypeError, RunFolderError):
        return recipe
    return replace(recipe, **{name: getattr(stored, name) for name in same})
