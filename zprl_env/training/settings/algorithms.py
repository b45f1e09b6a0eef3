"""What each algorithm can be told, and what it has to refuse."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

from zprl_env.errors import MissingExtraError, ZprlError
from zprl_env.training.settings.recipe import AlgorithmName, BackendName, Recipe


class Traits(NamedTuple):
    """What an implementation of an algorithm knows."""

    off_policy: bool
    """It learns from a replay buffer: with a warm-up, and with ``--overlap``."""
    options: frozenset[str] = frozenset()
    """Settings of ``UNUSED`` that it has."""


UNUSED: dict[str, Any] = {
    "layer_norm": False,
    "squash_q": False,
    "use_sde": False,
    "action_noise": 0.0,
    "log_std_min": -20.0,
    "log_std_max": 2.0,
    "max_grad_norm": None,
}
"""Settings that not every algorithm has, with the value that asks for nothing."""

_OFF_POLICY = frozenset({"action_noise", "max_grad_norm"})
_GAUSSIAN = _OFF_POLICY | {"use_sde", "log_std_min", "log_std_max"}
_CRITICS = frozenset({"layer_norm", "squash_q"})
_JAX = frozenset({"layer_norm", "action_noise"})

TRAITS: dict[tuple[AlgorithmName, BackendName], Traits] = {
    ("sac", "torch"): Traits(off_policy=True, options=_GAUSSIAN | _CRITICS),
    ("td3", "torch"): Traits(off_policy=True, options=_OFF_POLICY | _CRITICS),
    ("tqc", "torch"): Traits(off_policy=True, options=_GAUSSIAN),
    ("crossq", "torch"): Traits(off_policy=True, options=_GAUSSIAN),
    ("ppo", "torch"): Traits(off_policy=False, options=frozenset({"use_sde", "max_grad_norm"})),
    ("ppo_lstm", "torch"): Traits(
        off_policy=False, options=frozenset({"use_sde", "max_grad_norm"})
    ),
    ("trpo", "torch"): Traits(off_policy=False, options=frozenset({"use_sde"})),
    # Repeat their noise where gSDE is asked for: that is not gSDE.
    ("sac", "sbx"): Traits(off_policy=True, options=_JAX),
    ("tqc", "sbx"): Traits(off_policy=True, options=_JAX),
    ("crossq", "sbx"): Traits(off_policy=True, options=_JAX),
    ("ppo", "sbx"): Traits(off_policy=False),
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
    for name, unused in UNUSED.items():
        got = getattr(recipe, name)
        if got != unused and name not in traits.options:
            raise ZprlError(
                f"{name} must be {unused} with {which}, which has no such thing. Got: {got}. "
                f"Try {_without(name, unused)}, or --algo sac --backend torch."
            )
    if recipe.squash_q and not recipe.layer_norm:
        raise ZprlError(
            "squash_q must come with layer_norm, whose critics have it. Got: layer_norm=False. "
            "Try --layer-norm."
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
