"""Refusals: settings that an algorithm, a library or a number of environments does not allow."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from zprl_env.cli import settings
from zprl_env.errors import MissingExtraError, ZprlError
from zprl_env.training.settings.algorithms import (
    UNUSED,
    Algorithm,
    BackendName,
    find_algorithm,
    names_in,
    off_policy_names,
)
from zprl_env.training.settings.recipe import Recipe


def check_algorithm(algo: str, backend: BackendName, recipe: Recipe) -> None:
    """Refuse settings that an algorithm would otherwise silently ignore.

    Args:
        algo: The algorithm.
        backend: The library it comes from.
        recipe: What it is asked for.

    Raises:
        ZprlError: The library has no such algorithm, or the algorithm no such setting.
    """
    which = f"--algo {algo} --backend {backend}"
    row = find_algorithm(algo)
    if backend == "sbx" and row.sbx is None:
        raise ZprlError(
            f"--backend {backend} must come with one of {', '.join(names_in(backend))}. "
            f"Got: --algo {algo}. Try --backend torch."
        )
    for name, unused in UNUSED.items():
        got = getattr(recipe, name)
        if got != unused and name not in row.options_in(backend):
            raise ZprlError(
                f"{name} must be {unused} with {which}, which has no such thing. Got: {got}. "
                f"Try {_without(name, unused)}, or --algo sac --backend torch."
            )
    for name in ("squash_q", "pull", "target_critics"):
        if getattr(recipe, name) and not recipe.layer_norm:
            raise ZprlError(
                f"{name} must come with layer_norm, whose critics have it. Got: layer_norm=False. "
                "Try --layer-norm."
            )
    if recipe.target_critics > recipe.n_critics:
        raise ZprlError(
            f"target_critics must be at most n_critics. Got: {recipe.target_critics} of "
            f"{recipe.n_critics}. Try --n-critics 10 --target-critics 2."
        )
    if recipe.critic_input == "chunk" and (not _is_sac(row) or recipe.target_critics):
        raise ZprlError(
            f"critic_input must be action or sum with {which} and target_critics "
            f"{recipe.target_critics}. Got: chunk. Try --algo sac and leave --target-critics out."
        )
    if recipe.critic_input == "sum" and recipe.pull:
        raise ZprlError(
            f"pull must be 0 with critic_input sum, whose critics see no action of the agent's "
            f"alone. Got: {recipe.pull:g}. Leave --pull out."
        )
    if recipe.progressive_exploration and (recipe.action_noise or recipe.warmup_noise):
        raise ZprlError(
            f"action_noise and warmup_noise must be 0 with progressive_exploration, which leaves "
            f"decisions to the base policy. Got: {recipe.action_noise:g} and "
            f"{recipe.warmup_noise:g}. Leave them out."
        )
    if recipe.base_samples and (
        recipe.use_sde
        or recipe.actor_average
        or recipe.progressive_exploration
        or (recipe.best_of, recipe.hold) != (1, 1)
        or recipe.ent_coef.startswith("auto")
    ):
        raise ZprlError(
            f"base_samples must come with ent_coef 0 and without actor_average, best_of, hold, "
            f"progressive_exploration and use_sde, which are of an actor that learns. "
            f"Got: base_samples {recipe.base_samples} with ent_coef {recipe.ent_coef}. "
            f"Try --ent-coef 0."
        )
    if recipe.use_sde and (recipe.best_of, recipe.hold) != (1, 1):
        raise ZprlError(
            f"best_of and hold must be 1 with use_sde, which draws in its own way. "
            f"Got: {recipe.best_of} and {recipe.hold}. Try --no-use-sde."
        )
    if recipe.use_sde and (recipe.log_std_min, recipe.log_std_max) != (-20.0, 2.0):
        raise ZprlError(
            f"log_std_min and log_std_max must be -20 and 2 with use_sde, whose deviation is of "
            f"another kind. Got: {recipe.log_std_min:g} and {recipe.log_std_max:g}. "
            f"Try --no-use-sde."
        )
    if (algo, backend) == ("tqc", "sbx") and recipe.n_critics != 2:
        raise ZprlError(
            f"n_critics must be 2 with {which}. Got: {recipe.n_critics}. Try --backend torch."
        )


def check_inputs(steer: str, recipe: Recipe) -> None:
    """Refuse critics and actors that are to be shown what a way of steering does not have.

    Args:
        steer: Where the agent enters the policy.
        recipe: What is asked for.

    Raises:
        ZprlError: The base action is not in the observation, or the chunk is left to chance.
    """
    if recipe.time_left and (recipe.observation != "features" or recipe.demonstrations is not None):
        raise ZprlError(
            f"time_left must come with observation features and without demonstrations, which know "
            f"no time limit. Got: {recipe.observation} and {recipe.demonstrations}. "
            f"Try --observation features."
        )
    if recipe.base_samples and (steer != "noise" or "noise_steps" in settings(recipe.steer_kwargs)):
        raise ZprlError(
            f"base_samples must come with --steer noise and no noise_steps, since the base policy "
            f"draws noise for every step. Got: --steer {steer} and {recipe.steer_kwargs}."
        )
    shows_base = settings(recipe.steer_kwargs).get("base_action") is True
    if (recipe.critic_input == "sum" or not recipe.actor_sees_base) and not shows_base:
        raise ZprlError(
            f"critic_input sum and no-actor-sees-base must come with --steer action and "
            f"--steer-kwargs base_action=true. Got: --steer {steer} and {recipe.steer_kwargs}."
        )
    if recipe.critic_input == "chunk" and (shows_base or recipe.noise.startswith("fresh")):
        raise ZprlError(
            f"critic_input chunk must come with a chunk that follows from observation and action: "
            f"--noise zero, or fixed:SEED, and no base_action. Got: {recipe.noise} and "
            f"{recipe.steer_kwargs}."
        )


def _is_sac(row: Algorithm) -> bool:
    return row.policy == find_algorithm("sac").policy


def _without(name: str, unused: Any) -> str:
    flag = name.replace("_", "-")
    return f"--no-{flag}" if unused is False else f"to leave --{flag} out"


def check_installed(backend: BackendName, vec: str = "processes") -> None:
    """Check that a library is installed before anything slow is begun.

    Args:
        backend: The library that learns.
        vec: Where environments run.

    Raises:
        MissingExtraError: It is not.
    """
    if backend == "sbx" and find_spec("sbx") is None:
        raise MissingExtraError("sbx-rl", "sbx")
    if vec == "ray" and find_spec("ray") is None:
        raise MissingExtraError("ray", "ray")


def check_overlap(algo: str, num_envs: int) -> None:
    """Refuse to overlap simulating and learning where one has to wait for the other.

    Args:
        algo: The algorithm.
        num_envs: Environments, of which one half simulates while the agent learns.

    Raises:
        ZprlError: The algorithm learns from its newest decisions, or there are no two halves.
    """
    names = off_policy_names()
    if not find_algorithm(algo).off_policy or num_envs % 2:
        raise ZprlError(
            f"--overlap must come with --algo {', '.join(names[:-1])} or {names[-1]} and an even "
            f"--num-envs, since one half simulates while the agent learns from the other. "
            f"Got: {algo}, {num_envs}. Try --algo sac --num-envs 2."
        )


ALONE = {
    "use_sde": False,
    "best_of": 1,
    "base_samples": 0,
    "progressive_exploration": 0,
}
"""Settings by which an agent asks its critics or counts all decisions, which a worker that collects
by itself cannot, with the value that does not."""


def check_async(
    algo: str, backend: BackendName, vec: str, recipe: Recipe, *, overlap: bool = False
) -> None:
    """Refuse to collect beside learning what cannot be learned from, or chosen, like that.

    Args:
        algo: The algorithm.
        backend: The library that learns.
        vec: Where environments run.
        recipe: Its settings.
        overlap: Whether half of the environments are to simulate while the agent learns.

    Raises:
        ZprlError: The algorithm has no replay buffer, the workers are not Ray's, or an actor alone
            is not enough to decide.
    """
    names = off_policy_names()
    if not find_algorithm(algo).off_policy or backend != "torch":
        raise ZprlError(
            f"--collect async must come with --algo {', '.join(names[:-1])} or {names[-1]} and "
            f"--backend torch, which learn from what other agents chose. Got: {algo} of {backend}. "
            "Try --algo sac."
        )
    if vec != "ray" or overlap:
        raise ZprlError(
            "--collect async must come with --vec ray and without --overlap, of which it takes the "
            f"place. Got: --vec {vec}{' --overlap' if overlap else ''}. Try --vec ray --workers 2."
        )
    for name, unused in ALONE.items():
        if (got := getattr(recipe, name)) != unused:
            raise ZprlError(
                f"{name} must be {unused} with --collect async, whose workers have an actor alone. "
                f"Got: {got}. Leave --{name.replace('_', '-')} or --collect out."
            )
