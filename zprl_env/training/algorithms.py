"""What each algorithm can be told, and what it has to refuse."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from zprl_env.errors import MissingExtraError, ZprlError
from zprl_env.training.recipe import AlgorithmName, BackendName, Recipe


class Traits(NamedTuple):
    """What an implementation of an algorithm knows."""

    off_policy: bool
    """It learns from a replay buffer: with a warm-up, and with ``--overlap``."""
    layer_norm: bool
    """Its critics can be layer-normalised."""
    sde: bool
    """It explores by gSDE if asked to."""


TRAITS: dict[tuple[AlgorithmName, BackendName], Traits] = {
    ("sac", "torch"): Traits(off_policy=True, layer_norm=True, sde=True),
    ("td3", "torch"): Traits(off_policy=True, layer_norm=True, sde=False),
    ("tqc", "torch"): Traits(off_policy=True, layer_norm=False, sde=True),
    ("crossq", "torch"): Traits(off_policy=True, layer_norm=False, sde=True),
    ("ppo", "torch"): Traits(off_policy=False, layer_norm=False, sde=True),
    ("trpo", "torch"): Traits(off_policy=False, layer_norm=False, sde=True),
    # Repeats its noise where gSDE is asked for: that is not gSDE.
    ("sac", "sbx"): Traits(off_policy=True, layer_norm=True, sde=False),
    ("tqc", "sbx"): Traits(off_policy=True, layer_norm=True, sde=False),
    ("crossq", "sbx"): Traits(off_policy=True, layer_norm=True, sde=False),
    ("ppo", "sbx"): Traits(off_policy=False, layer_norm=False, sde=False),
}
"""By algorithm and library: Stable-Baselines3 with sb3-contrib, and SBX."""


def off_policy_names(backend: BackendName = "torch") -> list[AlgorithmName]:
    """Algorithms of a library that learn from a replay buffer.

    >>> off_policy_names()
    ['sac', 'td3', 'tqc', 'crossq']
    """
    return [algo for (algo, of), traits in TRAITS.items() if of == backend and traits.off_policy]


def check_algorithm(algo: AlgorithmName, backend: BackendName, recipe: Recipe) -> None:
    """Refuse what an algorithm would otherwise silently leave undone.

    Args:
        algo: The algorithm.
        backend: The library it comes from.
        recipe: What it is asked for.

    Raises:
        ZprlError: The library has no such algorithm, or the algorithm no such setting.
    """
    which = f"--algo {algo} --backend {backend}"
    traits = TRAITS.get((algo, backend))
    if traits is None:
        names = ", ".join(name for name, of in TRAITS if of == backend)
        raise ZprlError(
            f"--backend {backend} must come with one of {names}. Got: --algo {algo}. "
            f"Try --backend torch."
        )
    if recipe.layer_norm and not traits.layer_norm:
        raise ZprlError(
            f"layer_norm must be False with {which}, whose critics have none. Got: True. "
            f"Try --no-layer-norm, or --algo sac."
        )
    if recipe.use_sde and not traits.sde:
        raise ZprlError(
            f"use_sde must be False with {which}, which has no gSDE. Got: True. "
            f"Try --no-use-sde, or --algo sac --backend torch."
        )
    if recipe.action_noise and not traits.off_policy:
        raise ZprlError(
            f"action_noise must be 0 with {which}, which learns from its own actions only. "
            f"Got: {recipe.action_noise}. Try --log-std-init for more or less exploration."
        )
    if (algo, backend) == ("tqc", "sbx") and recipe.n_critics != 2:
        raise ZprlError(
            f"n_critics must be 2 with {which}. Got: {recipe.n_critics}. Try --backend torch."
        )


def check_installed(backend: BackendName) -> None:
    """See that a library is there before anything slow is begun.

    Raises:
        MissingExtraError: It is not.
    """
    if backend == "sbx" and find_spec("sbx") is None:
        raise MissingExtraError("sbx-rl", "sbx")


def check_overlap(algo: AlgorithmName, num_envs: int) -> None:
    """Refuse to overlap simulating and learning where one has to wait for the other.

    Args:
        algo: The algorithm.
        num_envs: Environments, of which one half simulates while the agent learns.

    Raises:
        ZprlError: The algorithm learns from its newest decisions, or there are no two halves.
    """
    names = off_policy_names()
    if algo not in names or num_envs % 2:
        raise ZprlError(
            f"--overlap must come with --algo {', '.join(names[:-1])} or {names[-1]} and an even "
            f"--num-envs, since one half simulates while the agent learns from the other. "
            f"Got: {algo}, {num_envs}. Try --algo sac --num-envs 2."
        )
