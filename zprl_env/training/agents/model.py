"""Models of Stable-Baselines3's interface from a recipe, and agents from models."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.loading.named import load_object
from zprl_env.training.agents.critics.inputs import bind, steering_of
from zprl_env.training.agents.jax_agent import make_jax_model
from zprl_env.training.agents.off_policy import off_policy_arguments
from zprl_env.training.agents.on_policy import on_policy_arguments
from zprl_env.training.settings.algorithms import Algorithm, BackendName, find_algorithm
from zprl_env.training.settings.compatibility import check_algorithm
from zprl_env.training.settings.recipe import Recipe

ARGUMENT = {"lstm_hidden": "lstm_hidden_size"}
"""Names that a policy class has for settings, where they differ."""


def make_model(
    algo: str,
    recipe: Recipe,
    env: VecEnv,
    *,
    n_action_steps: int,
    seed: int,
    backend: BackendName = "torch",
) -> BaseAlgorithm:
    """Build an unmodified model that starts at the base policy.

    Args:
        algo: The algorithm, as :func:`~zprl_env.training.settings.algorithms.find_algorithm`
            takes it.
        recipe: Its settings.
        env: The steered environments.
        n_action_steps: Environment steps per decision.
        seed: Seeds networks, exploration and replay.
        backend: ``"torch"`` for Stable-Baselines3 and sb3-contrib, ``"sbx"`` for SBX, in JAX.

    Returns:
        The model.

    Raises:
        MissingExtraError: The backend is not installed.
        ZprlError: The algorithm cannot do what the recipe says.
    """
    check_algorithm(algo, backend, recipe)
    row = find_algorithm(algo)
    offer = off_policy_arguments if row.off_policy else on_policy_arguments
    arguments = understood(row.algorithm, offer(recipe, env))
    common = {"gamma": recipe.gamma**n_action_steps, "seed": seed, "device": "cpu"}
    if backend == "sbx":
        return make_jax_model(row, recipe, env, arguments, **common)
    policy = row.policy if ":" not in row.policy else load_object(row.policy, "policy class")
    networks = network_arguments(row, recipe)
    if recipe.critic_input == "chunk":
        steering = steering_of(env)
        networks["chunk_dim"] = steering.n_decided * steering.policy.action_dim
    if recipe.base_samples:
        bound: Any = steering_of(env)
        networks["sample_spread"] = 1.0 / bound.scale
    model: BaseAlgorithm = row.algorithm(policy, env, policy_kwargs=networks, **arguments, **common)
    bind(model)
    return model


def network_arguments(row: Algorithm, recipe: Recipe) -> dict[str, Any]:
    """Return the arguments of an algorithm's policy class: its networks' sizes, weights, bounds."""
    own = {ARGUMENT.get(name, name): getattr(recipe, name) for name in row.networks}
    return {"net_arch": list(recipe.hidden), **own}


def understood(algorithm: type, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Select those of the offered arguments that an algorithm's constructor has.

    Args:
        algorithm: Its class; where it passes arguments on, those of the class above count.
        offered: Arguments by name.

    >>> from stable_baselines3 import TD3
    >>> understood(TD3, {"tau": 0.005, "ent_coef": "auto"})
    {'tau': 0.005}
    """
    names: set[str] = set()
    for kind in algorithm.__mro__:
        if "__init__" not in vars(kind):
            continue
        parameters = inspect.signature(vars(kind)["__init__"]).parameters
        names |= parameters.keys()
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return {name: value for name, value in offered.items() if name in names}
