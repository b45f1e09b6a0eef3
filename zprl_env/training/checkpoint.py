"""Saving a run so that it can go on: weights, optimisers, replay buffer, history."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file

from zprl_env.evaluation import EvaluationResult
from zprl_env.training.callbacks import History
from zprl_env.training.files import RunFolderError, read_json, write_json


def save_checkpoint(folder: Path, model: BaseAlgorithm, history: History) -> None:
    """Write model, replay buffer and history, each atomically.

    Args:
        folder: The run's folder.
        model: The agent.
        history: What happened so far.
    """
    partial = folder / "model.partial.zip"
    model.save(partial)
    os.replace(partial, folder / "model.zip")
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        arrays = {k: np.ascontiguousarray(v) for k, v in _stored(model).items()}
        save_file(arrays, folder / "replay.partial")
        os.replace(folder / "replay.partial", folder / "replay.safetensors")
    content = asdict(history) | {"decisions": model.num_timesteps}
    content["evaluations"] = [[s, r.to_dict()] for s, r in history.evaluations]
    write_json(folder / "history.json", content)


def load_checkpoint(folder: Path, model: BaseAlgorithm) -> History:
    """Put a run's weights, optimiser states and replay buffer into a freshly made model.

    Nothing is unpickled: weights are read as tensors, the replay buffer as arrays.

    Args:
        folder: The run's folder.
        model: A model made with the run's configuration.

    Returns:
        What happened in the run so far.

    Raises:
        RunFolderError: A part is missing or unreadable.
    """
    content = read_json(folder / "history.json")
    load_weights(folder / "model.zip", model)
    model.num_timesteps = content["decisions"]
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        buffer = model.replay_buffer
        try:
            arrays = load_file(folder / "replay.safetensors")
        except (OSError, SafetensorError) as error:
            raise RunFolderError(f"Expected a replay buffer in {folder}. Got: {error}.") from error
        count = len(arrays["rewards"])
        for name, array in arrays.items():
            getattr(buffer, name)[:count] = array
        buffer.pos, buffer.full = count % buffer.buffer_size, count >= buffer.buffer_size
    evaluations = [
        (
            steps,
            EvaluationResult(
                np.array(r["seeds"]), np.array(r["successes"], bool), np.array(r["lengths"])
            ),
        )
        for steps, r in content["evaluations"]
    ]
    return History(
        content["env_steps"],
        content["episode_ends"],
        content["episode_successes"],
        evaluations,
        content["seconds"],
    )


def load_weights(path: Path, model: BaseAlgorithm) -> None:
    """Read a saved model's tensors into a model of the same kind, without unpickling anything.

    Args:
        path: A ``model.zip`` that Stable-Baselines3 saved.
        model: A model made with the same settings.

    Raises:
        RunFolderError: The file is missing, damaged or of another kind of model.
    """
    if not path.is_file():
        raise RunFolderError(f"Expected a saved model. Got: {path}, which does not exist.")
    try:
        _, parameters, variables = load_from_zip_file(path, device=model.device, load_data=False)
        model.set_parameters(parameters, exact_match=True, device=model.device)
    except (ValueError, KeyError, RuntimeError, OSError) as error:
        raise RunFolderError(
            f"Expected a model of the same algorithm and sizes in {path}. Got: {error}"
        ) from error
    for name, value in (variables or {}).items():
        getattr(model, name).data.copy_(value.data)


def _stored(model: OffPolicyAlgorithm) -> dict[str, np.ndarray]:
    buffer = model.replay_buffer
    names = ["observations", "next_observations", "actions", "rewards", "dones", "timeouts"]
    names += ["discounts"] if hasattr(buffer, "discounts") else []
    return {name: getattr(buffer, name)[: buffer.size()] for name in names}
