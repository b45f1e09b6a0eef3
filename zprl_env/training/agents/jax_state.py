"""Save and load an SBX (JAX) agent's learned state as tensors: SBX itself would pickle it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, load_file, save_file
from stable_baselines3.common.base_class import BaseAlgorithm

POLICY_STATES = ("actor_state", "qf_state", "qf1_state", "qf2_state", "vf_state")
"""Parameters with their optimisers, targets and running statistics, where a policy has them."""

POLICY_KEYS, MODEL_STATES = ("key", "noise_key"), ("ent_coef_state", "key")
"""Random keys, and states outside of the policy: the temperature."""


def is_jax(model: BaseAlgorithm) -> bool:
    """Tell a model of SBX from one of Stable-Baselines3."""
    return hasattr(model.policy, "actor_state")


def save_states(path: Path, model: BaseAlgorithm) -> None:
    """Save parameters, optimiser states and random keys.

    Args:
        path: A safetensors file.
        model: A model of SBX.
    """
    save_file(named_arrays(model), path)


def named_arrays(model: BaseAlgorithm) -> dict[str, np.ndarray]:
    """Return everything that learning changes as arrays, by the names that files have for them."""
    import jax

    leaves = jax.tree_util.tree_leaves_with_path(_states(model))
    return {jax.tree_util.keystr(at): np.array(jax.numpy.asarray(x)) for at, x in leaves}


def load_states(path: Path | bytes, model: BaseAlgorithm) -> None:
    """Load tensors of :func:`save_states` into a freshly made model; all of them or nothing.

    Args:
        path: A safetensors file, or its content.
        model: A model made with the same settings.

    Raises:
        ValueError: A tensor is missing, superfluous, of another shape or type, or not finite.
        OSError: The file cannot be read.
        SafetensorError: It is no safetensors file.
    """
    import jax

    arrays = load(path) if isinstance(path, bytes) else load_file(path)
    leaves, structure = jax.tree_util.tree_flatten_with_path(_states(model))
    expected = {jax.tree_util.keystr(at): jax.numpy.asarray(leaf) for at, leaf in leaves}
    if foreign := arrays.keys() ^ expected.keys():
        raise ValueError(f"{len(foreign)} tensors too many or too few, one being {min(foreign)}")
    for name, leaf in expected.items():
        got = arrays[name]
        if (got.shape, got.dtype) != (leaf.shape, leaf.dtype):
            raise ValueError(f"{name} of {got.dtype} {got.shape}, not of {leaf.dtype} {leaf.shape}")
        if got.dtype.kind == "f" and not np.isfinite(got).all():
            raise ValueError(f"NaN or infinity in {name}")
    loaded = [jax.numpy.asarray(arrays[name]) for name in expected]
    for name, value in jax.tree_util.tree_unflatten(structure, loaded).items():
        owner, _, attribute = name.partition(".")
        setattr(model.policy if owner == "policy" else model, attribute, value)


def _states(model: BaseAlgorithm) -> dict[str, Any]:
    """Return everything that learning changes, such as ``policy.actor_state``."""
    owners = (("policy", model.policy, POLICY_STATES + POLICY_KEYS), ("model", model, MODEL_STATES))
    return {
        f"{owner}.{name}": getattr(holder, name)
        for owner, holder, names in owners
        for name in names
        if hasattr(holder, name)
    }
