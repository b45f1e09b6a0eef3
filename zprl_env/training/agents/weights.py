"""Save and load an agent's weights and optimiser states, as tensors in a file."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import save
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.vec_env import DummyVecEnv

from zprl_env.evaluation import Agent, ModelAgent
from zprl_env.files import RunFolderError, one_line, write_whole
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.agents.divergence import check_agent
from zprl_env.training.agents.jax_state import is_jax, load_states, named_arrays
from zprl_env.training.agents.model import make_model
from zprl_env.training.agents.names import BEST as BEST
from zprl_env.training.agents.names import MODEL as MODEL
from zprl_env.training.settings.algorithms import BackendName
from zprl_env.training.settings.recipe import Recipe


def weights_file(model: BaseAlgorithm, name: str = MODEL) -> str:
    """Return the name of a model's file: Stable-Baselines3's, or that of SBX's tensors."""
    return f"{name}.safetensors" if is_jax(model) else f"{name}.zip"


def save_weights(folder: Path, model: BaseAlgorithm, name: str = MODEL) -> Path:
    """Save a model's tensors and those of its optimisers, whole or not at all.

    Args:
        folder: Where to.
        model: The model.
        name: What to call it.

    Returns:
        The file.

    Raises:
        DivergedError: Its weights are not finite.
        RunFolderError: It could not be written; a file that was there is as it was.
    """
    return write_weights(folder / weights_file(model, name), weights_bytes(model))


def weights_bytes(model: BaseAlgorithm) -> bytes:
    """Return what :func:`save_weights` writes.

    Raises:
        DivergedError: The weights are not finite.
    """
    check_agent(model)
    if is_jax(model):
        return save(named_arrays(model))
    content = BytesIO()
    model.save(content)
    return content.getvalue()


def write_weights(file: Path, content: bytes) -> Path:
    """Write what :func:`weights_bytes` returned; see :func:`save_weights`."""
    write_whole(file, lambda partial: partial.write_bytes(content))
    return file


def load_weights(path: Path | bytes, model: BaseAlgorithm) -> None:
    """Load a saved model's tensors into a model of the same kind, without unpickling anything.

    Args:
        path: A ``model.zip`` that Stable-Baselines3 saved, or SBX's ``model.safetensors``; or what
            :func:`weights_bytes` returned.
        model: A model made with the same settings.

    Raises:
        RunFolderError: The file is missing, damaged or of another kind of model.
    """
    if isinstance(path, Path) and not path.is_file():
        raise RunFolderError(f"Expected a saved model. Got: {path}, which does not exist.")
    try:
        if is_jax(model):
            load_states(path, model)
            return
        source = BytesIO(path) if isinstance(path, bytes) else path
        _, parameters, variables = load_from_zip_file(source, device=model.device, load_data=False)
        _check_finite({**parameters, **(variables or {})})
        model.set_parameters(parameters, exact_match=True, device=model.device)
        for name, value in (variables or {}).items():
            getattr(model, name).data.copy_(value.data)
    except Exception as error:  # what readers raise over a damaged file has no common kind
        raise RunFolderError(
            f"Expected a model of the same algorithm and sizes in "
            f"{path if isinstance(path, Path) else 'memory'}. Got: {one_line(error)}"
        ) from error


def _check_finite(value: Any, name: str = "") -> None:
    """Refuse tensors with NaN in them, wherever they lie in nested states."""
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            _check_finite(inner, f"{name}.{key}")
    elif isinstance(value, torch.Tensor) and not torch.isfinite(value).all():
        raise ValueError(f"NaN or infinity in {name[1:]}")


def load_model(
    folder: Path,
    algo: str,
    recipe: Recipe,
    env: SteeringWrapper,
    backend: BackendName = "torch",
) -> BaseAlgorithm:
    """Load a run's model for acting, not for learning on.

    Args:
        folder: The run's folder, or the file of one of its agents.
        algo: Its algorithm.
        recipe: Its settings.
        env: A steered environment like those it learned in.
        backend: The library its algorithm is from.

    Returns:
        The model, without what it learned from.

    Raises:
        MissingExtraError: The backend is not installed.
        RunFolderError: It is missing, damaged or does not fit the environment.
    """
    envs = DummyVecEnv([lambda: env])
    recipe = replace(recipe, buffer_size=1)
    n_action_steps = env.env.n_action_steps
    model = make_model(algo, recipe, envs, n_action_steps=n_action_steps, seed=0, backend=backend)
    load_weights(folder if folder.is_file() else folder / weights_file(model), model)
    return model


def load_agent(
    folder: Path,
    algo: str,
    recipe: Recipe,
    env: SteeringWrapper,
    backend: BackendName = "torch",
) -> Agent:
    """Load the deterministic agent of a run's model; see :func:`load_model`."""
    return ModelAgent(load_model(folder, algo, recipe, env, backend))
