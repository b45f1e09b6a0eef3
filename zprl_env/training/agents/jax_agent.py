"""Agents in JAX: the algorithms of SBX, whose gradient steps are one compiled loop."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.settings.algorithms import Algorithm
from zprl_env.training.settings.compatibility import check_installed
from zprl_env.training.settings.recipe import Recipe


def make_jax_model(
    row: Algorithm, recipe: Recipe, env: VecEnv, arguments: dict[str, Any], **common: Any
) -> BaseAlgorithm:
    """Build a model of SBX whose actor starts at the base policy.

    It is made of the same settings as Stable-Baselines3's and learns from the same replay, but
    draws other random numbers: runs of the two agree in distribution only.

    Args:
        row: The algorithm.
        recipe: Its settings.
        env: The steered environments.
        arguments: Those of the algorithm's class in torch, of which SBX has the same but gSDE's.
        **common: What every algorithm takes: discount, seed, device.

    Returns:
        The model.

    Raises:
        MissingExtraError: SBX is not installed.
    """
    check_installed("sbx")
    import sbx

    without = {"use_sde", "max_grad_norm"}
    settings = {name: value for name, value in arguments.items() if name not in without}
    networks: dict[str, Any] = {"net_arch": list(recipe.hidden)}
    if row.off_policy:
        networks |= {"n_critics": recipe.n_critics, "layer_norm": recipe.layer_norm}
        if not recipe.ent_coef.startswith("auto"):
            settings["ent_coef"] = float(recipe.ent_coef)  # is not parsed there
    else:
        networks["log_std_init"] = recipe.log_std_init
    algorithm = getattr(sbx, str(row.sbx))
    model: BaseAlgorithm = algorithm("MlpPolicy", env, policy_kwargs=networks, **settings, **common)
    _start_at_base_policy(model, recipe, squashed=row.off_policy)
    return model


def _start_at_base_policy(model: BaseAlgorithm, recipe: Recipe, *, squashed: bool) -> None:
    """Shrink the actor's output, as `start_at_base_policy` does in torch.

    Its layers are numbered as they are called: the hidden ones, the mean and, in squashed actors,
    the log standard deviation.
    """
    state, mean = model.policy.actor_state, len(recipe.hidden)
    variables = state.params
    layers = dict(variables.get("params", variables))  # batch-normalised actors keep them bare
    for number, bias in ((mean, 0.0), (mean + 1, recipe.log_std_init))[: 1 + squashed]:
        layer = layers[f"Dense_{number}"]
        layers[f"Dense_{number}"] = {
            "kernel": layer["kernel"] * recipe.actor_init,
            "bias": layer["bias"] * 0.0 + bias,
        }
    shrunk = {**variables, "params": layers} if "params" in variables else layers
    model.policy.actor_state = state.replace(params=shrunk)
