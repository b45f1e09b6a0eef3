"""Saving a run so that it can go on: weights, optimisers, replay buffer, history."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import shorten

import numpy as np
from safetensors.numpy import load_file, save_file
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.vec_env import DummyVecEnv

from zprl_env.evaluation import Agent, EvaluationResult
from zprl_env.training.agent import as_agent, make_model
from zprl_env.training.callbacks import History
from zprl_env.training.files import RunFolderError, read_json, write_json
from zprl_env.training.jax_state import is_jax, load_states, save_states
from zprl_env.training.recipe import AlgorithmName, BackendName, Recipe
from zprl_env.training.replay import end_trajectories
from zprl_env.wrapper import SteeringWrapper

HISTORY_FILE, REPLAY_FILE = "history.json", "replay.safetensors"
MODEL_FILE, JAX_MODEL_FILE = "model.zip", "model.safetensors"


def model_file(model: BaseAlgorithm) -> str:
    """Name of the file that a model is saved in: Stable-Baselines3's, or tensors of SBX's."""
    return JAX_MODEL_FILE if is_jax(model) else MODEL_FILE


def save_checkpoint(folder: Path, model: BaseAlgorithm, history: History) -> None:
    """Write model, replay buffer and history, each atomically.

    Args:
        folder: The run's folder.
        model: The agent.
        history: What happened so far.
    """
    partial = folder / f"partial-{model_file(model)}"
    if is_jax(model):
        save_states(partial, model)
    else:
        model.save(partial)
    os.replace(partial, folder / model_file(model))
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        buffer = model.replay_buffer
        position = {"position": np.array([buffer.pos, buffer.full])}
        partial = folder / "partial.safetensors"
        save_file(_replay_arrays(buffer) | position, partial)
        os.replace(partial, folder / REPLAY_FILE)
    content = asdict(history)
    content["evaluations"] = [[s, r.to_dict()] for s, r in history.evaluations]
    write_json(folder / HISTORY_FILE, content)


def load_history(folder: Path) -> History:
    """Read what happened in a run so far.

    Raises:
        RunFolderError: It is missing or unreadable.
    """
    content = read_json(folder / HISTORY_FILE)
    try:
        content["evaluations"] = [
            (
                steps,
                EvaluationResult(
                    np.array(r["seeds"]), np.array(r["successes"], bool), np.array(r["lengths"])
                ),
            )
            for steps, r in content["evaluations"]
        ]
        return History(**content)
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"Expected a run's history in {folder / HISTORY_FILE}. Got: {_one_line(error)}."
        ) from error


def load_checkpoint(folder: Path, model: BaseAlgorithm, history: History) -> None:
    """Put a run's weights, optimiser states and replay buffer into a freshly made model.

    Nothing is unpickled: weights are read as tensors, the replay buffer as arrays.

    Args:
        folder: The run's folder.
        model: A model made with the run's configuration.
        history: The run's, as :func:`load_history` read it.

    Raises:
        RunFolderError: A part is missing, damaged or of another configuration.
    """
    load_weights(folder / model_file(model), model)
    model.num_timesteps = history.decisions
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        _load_replay(folder / REPLAY_FILE, model.replay_buffer)


def load_model(
    folder: Path,
    algo: AlgorithmName,
    recipe: Recipe,
    env: SteeringWrapper,
    backend: BackendName = "torch",
) -> BaseAlgorithm:
    """Read a run's model for acting, not for learning on.

    Args:
        folder: The run's folder.
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
    load_weights(folder / model_file(model), model)
    return model


def load_agent(
    folder: Path,
    algo: AlgorithmName,
    recipe: Recipe,
    env: SteeringWrapper,
    backend: BackendName = "torch",
) -> Agent:
    """The deterministic action of :func:`load_model`'s model."""
    return as_agent(load_model(folder, algo, recipe, env, backend))


def load_weights(path: Path, model: BaseAlgorithm) -> None:
    """Read a saved model's tensors into a model of the same kind, without unpickling anything.

    Args:
        path: A ``model.zip`` that Stable-Baselines3 saved, or SBX's ``model.safetensors``.
        model: A model made with the same settings.

    Raises:
        RunFolderError: The file is missing, damaged or of another kind of model.
    """
    if not path.is_file():
        raise RunFolderError(f"Expected a saved model. Got: {path}, which does not exist.")
    try:
        if is_jax(model):
            load_states(path, model)
            return
        _, parameters, variables = load_from_zip_file(path, device=model.device, load_data=False)
        model.set_parameters(parameters, exact_match=True, device=model.device)
        for name, value in (variables or {}).items():
            getattr(model, name).data.copy_(value.data)
    except Exception as error:  # what readers raise over a damaged file has no common kind
        raise RunFolderError(
            f"Expected a model of the same algorithm and sizes in {path}. Got: {_one_line(error)}"
        ) from error


def _replay_arrays(buffer: ReplayBuffer) -> dict[str, np.ndarray]:
    """The filled part of a replay buffer: views, which can be written to."""
    names = ["observations", "next_observations", "actions", "rewards", "dones", "timeouts"]
    names += ["discounts"] if hasattr(buffer, "discounts") else []
    return {name: getattr(buffer, name)[: buffer.size()] for name in names}


def _load_replay(path: Path, buffer: ReplayBuffer) -> None:
    try:
        arrays = load_file(path)
        buffer.pos, buffer.full = map(int, arrays.pop("position"))
        views = _replay_arrays(buffer)
        for name in views.keys() | arrays.keys():
            if views[name].shape != arrays[name].shape:
                raise ValueError(f"{name} of shape {arrays[name].shape}, not {views[name].shape}")
            views[name][:] = arrays[name]
    except Exception as error:  # as above
        raise RunFolderError(
            f"Expected a replay buffer of the run's configuration in {path}. "
            f"Got: {_one_line(error)}."
        ) from error
    end_trajectories(buffer)


def _one_line(error: Exception) -> str:
    return shorten(f"{type(error).__name__}: {error}", 240)
