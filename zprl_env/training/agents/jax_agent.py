"""Agents in JAX: the algorithms of SBX, whose gradient steps are one compiled loop."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.agents.off_policy import off_policy_settings
from zprl_env.training.agents.on_policy import on_policy_settings
from zprl_env.training.settings.algorithms import check_installed
from zprl_env.training.settings.recipe import AlgorithmName, Recipe


def make_jax_model(
    algo: AlgorithmName, recipe: Recipe, env: VecEnv, **common: Any
) -> BaseAlgorithm:
    """Build a model of SBX whose actor starts at the base policy.

    It is made of the same settings as Stable-Baselines3's and learns from the same replay, but
    draws other random numbers: runs of the two agree in distribution only.

    Args:
        algo: ``"sac"``, ``"tqc"``, ``"crossq"`` or ``"ppo"``.
        recipe: Its settings.
        env: The steered environments.
        **common: What every algorithm takes: discount, seed, device.

    Returns:
        The model.

    Raises:
        MissingExtraError: SBX is not installed.
    """
    check_installed("sbx")
    import sbx

    networks: dict[str, Any] = {"net_arch": list(recipe.hidden)}
    model: BaseAlgorithm
    if algo == "ppo":
        networks["log_std_init"] = recipe.log_std_init
        settings = on_policy_settings(recipe, env) | {"n_epochs": recipe.n_epochs}
        model = sbx.PPO("MlpPolicy", env, policy_kwargs=networks, **settings, **common)
    else:
        networks |= {"n_critics": recipe.n_critics, "layer_norm": recipe.layer_norm}
        settings = off_policy_settings(algo, recipe, env)
        if not recipe.ent_coef.startswith("auto"):
            settings["ent_coef"] = float(recipe.ent_coef)  # is not parsed there
        algorithm = {"sac": sbx.SAC, "tqc": sbx.TQC, "crossq": sbx.CrossQ}[algo]
        model = algorithm("MlpPolicy", env, policy_kwargs=networks, **settings, **common)
    _start_at_base_policy(model, recipe, squashed=algo != "ppo")
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
