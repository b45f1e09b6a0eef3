"""Read the actor's layers out of a trained Stable-Baselines3, sb3-contrib or SBX agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sb3_contrib.common.torch_layers import BatchRenorm
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import Tensor, nn

from zprl_env.deploy.actor import LAYER_NORM, Actor, Layer
from zprl_env.errors import ZprlError
from zprl_env.training.agents.critics.inputs import WithoutBase
from zprl_env.training.agents.jax_state import is_jax

_TANH, _BOUNDS = (
    Layer("tanh"),
    Layer("clip", {"low": np.array(-1.0), "high": np.array(1.0)}),
)
"""Layers that keep an action in [-1, 1]: a squashing, or Stable-Baselines3's bounds."""

_EPSILON = 1e-3
"""Constant that batch renormalisation in SBX adds to the variance."""


def actor_of(model: BaseAlgorithm) -> Actor:
    """Take the deterministic actor out of a model.

    Args:
        model: Of Stable-Baselines3, sb3-contrib or SBX, made of flat observations and an MLP.

    Returns:
        The same function in numpy.

    Raises:
        ZprlError: Its actor is made of something else.
    """
    if is_jax(model):
        return Actor(_jax_layers(model.policy))
    policy: Any = model.policy
    policy.set_training_mode(False)
    if isinstance(policy, ActorCriticPolicy):
        parts, end = [policy.mlp_extractor.policy_net, policy.action_net], _BOUNDS
        extractor = policy.pi_features_extractor
    else:
        asked = {name: getattr(policy, name, 0) for name in ("best_of", "base_samples")}
        if asked["best_of"] > 1 or asked["base_samples"]:
            name = "best_of" if asked["best_of"] > 1 else "base_samples"
            raise ZprlError(
                f"an exported agent must act by its actor alone. Got: {name} {asked[name]}, "
                f"which asks the critics as well. Train without --{name.replace('_', '-')}."
            )
        actor = getattr(policy, "average", None) or policy.actor
        squashed = hasattr(actor, "latent_pi")
        parts = [actor.latent_pi, actor.mu] if squashed else [actor.mu]
        end, extractor = _TANH if squashed else _BOUNDS, actor.features_extractor
    unseen = extractor.size if isinstance(extractor, WithoutBase) else 0
    if (type(extractor) is not FlattenExtractor and not unseen) or hasattr(policy, "lstm_actor"):
        raise ZprlError(
            f"an exported agent must see flat observations through an MLP. "
            f"Got: {type(policy).__name__} with {type(extractor).__name__}."
        )
    layers = [_layer(module) for part in parts for module in _leaves(part)]
    if unseen:  # the last numbers of the observation, which are the base action
        seen = extractor.features_dim
        chosen = np.eye(seen, seen + unseen, dtype=np.float32)
        layers.insert(0, Layer("linear", {"weight": chosen, "bias": np.zeros(seen, np.float32)}))
    return Actor([*layers, end])


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules of nested sequences, in the order they are called."""
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from _leaves(child)
    else:
        yield module


def _layer(module: nn.Module) -> Layer:
    if isinstance(module, nn.Linear):
        return Layer("linear", {"weight": _array(module.weight), "bias": _array(module.bias)})
    if isinstance(module, BatchRenorm):
        parts = module.ra_mean, module.ra_var, module.scale, module.bias
        mean, variance, gain, shift = map(_array, parts)
        return _standardize(mean, variance, np.array(module.eps), gain, shift)
    if isinstance(module, nn.LayerNorm) and module.eps == LAYER_NORM:
        return Layer("layer_norm", {"gain": _array(module.weight), "shift": _array(module.bias)})
    if isinstance(module, nn.Hardtanh):
        low, high = np.array(module.min_val), np.array(module.max_val)
        return Layer("clip", {"low": low, "high": high})
    if isinstance(module, nn.ReLU | nn.Tanh):
        return Layer(type(module).__name__.lower())
    raise ZprlError(f"an exported agent must be made of ReLU, Tanh and the like. Got: {module}.")


def _array(tensor: Tensor) -> np.ndarray:
    return np.array(tensor.detach().cpu().numpy())


def _standardize(
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: np.ndarray,
    gain: np.ndarray,
    shift: np.ndarray,
) -> Layer:
    std = np.sqrt(variance.astype(np.float64) + epsilon)
    return Layer("standardize", {"mean": mean, "std": std, "gain": gain, "shift": shift})


def _jax_layers(policy: Any) -> Iterator[Layer]:
    """Yield the layers of SBX, numbered as they are called: the hidden ones, then the mean."""
    state, actor = policy.actor_state, policy.actor
    layers = state.params.get("params", state.params)
    statistics = getattr(state, "batch_stats", {})
    activation = {"relu": Layer("relu"), "tanh": Layer("tanh")}.get(actor.activation_fn.__name__)
    if activation is None:
        raise ZprlError(
            f"an exported agent must be made of relu or tanh. Got: {actor.activation_fn.__name__}."
        )
    for number in range(len(actor.net_arch) + 1):
        if number > 0:
            yield activation
        if (norm := f"BatchRenorm_{number}") in layers:
            stats, affine = statistics[norm], layers[norm]
            parts = stats["mean"], stats["var"], _EPSILON, affine["scale"], affine["bias"]
            yield _standardize(*map(np.array, parts))
        dense = layers[f"Dense_{number}"]
        weight, bias = np.array(dense["kernel"]).T, np.array(dense["bias"])
        yield Layer("linear", {"weight": weight, "bias": bias})
    yield _TANH if policy.squash_output else _BOUNDS
