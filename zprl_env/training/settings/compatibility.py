"""Refusals: settings that an algorithm, a library or a number of environments does not allow."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from zprl_env.errors import MissingExtraError, ZprlError
from zprl_env.training.settings.algorithms import (
    UNUSED,
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


def _without(name: str, unused: Any) -> str:
    flag = name.replace("_", "-")
    return f"--no-{flag}" if unused is False else f"to leave --{flag} out"


def check_installed(backend: BackendName) -> None:
    """Check that a library is installed before anything slow is begun.

    Raises:
        MissingExtraError: It is not.
    """
    if backend == "sbx" and find_spec("sbx") is None:
        raise MissingExtraError("sbx-rl", "sbx")


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
