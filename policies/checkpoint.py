"""Checkpoints: a folder with tensors (safetensors) and their description (JSON). Never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from policies.errors import CheckpointError, ConfigurationError
from policies.vib_flow import VibFlow
from policies.vib_flow_config import VibFlowConfig

FORMAT = "zprl-policy"
VERSION = 1
WEIGHTS_FILE = "policy.safetensors"
METADATA_FILE = "policy.json"

_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".zip"}
_STATISTICS = ("mean", "std", "rms")


class Checkpoint(NamedTuple):
    """A model with its saved weights, in evaluation mode, and the description it came with."""

    model: VibFlow
    metadata: dict[str, Any]


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of all saved tensors, as they are now."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        array = tensor.detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def describe(model: VibFlow) -> dict[str, Any]:
    """The entries of the metadata that follow from the model itself."""
    config = model.config
    return {
        "format": FORMAT,
        "version": VERSION,
        "weights_sha256": weights_hash(model),
        "observation_dim": config.observation_dim,
        "action_dim": config.action_dim,
        "horizon": config.horizon,
        "n_action_steps": config.n_action_steps,
        "n_euler_steps": config.n_euler_steps,
        "latent_dim": config.latent_dim,
        "feature_dim": config.feature_dim,
        "model": json.loads(json.dumps(asdict(config))),
    }


def save(model: VibFlow, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> None:
    """Write the model's weights and its description, each file whole or not at all.

    Args:
        model: What to save.
        path: Folder; made if it is not there, overwritten if it holds a checkpoint.
        metadata: What the model does not know of itself: ``observation_keys``, ``env_args``,
            ``latent`` (statistics) and ``training``. Entries of :func:`describe` are set here.

    Raises:
        CheckpointError: If the path is a file, or the metadata is not JSON or lacks ``latent``.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"a checkpoint is saved to a folder. Got a file: {folder}.")
    merged = {**describe(model), **metadata, **describe(model)}
    _check_latent(merged, model.config, folder)
    try:
        text = json.dumps(merged, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint metadata must be plain JSON values: {error}.") from error
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    # The hash ties the two files together: a crash between the replacements is found on loading.
    _replace(folder / WEIGHTS_FILE, safetensors.torch.save(weights))
    _replace(folder / METADATA_FILE, text.encode())


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint folder.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign, a pickle, or inconsistent.
    """
    folder = Path(path)
    _check_folder(folder)
    metadata = _read_metadata(folder / METADATA_FILE)
    weights = _read_weights(folder / WEIGHTS_FILE)
    try:
        config = VibFlowConfig.from_dict(metadata["model"])
    except (ConfigurationError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / METADATA_FILE} has no valid model: {error}") from error
    _check_latent(metadata, config, folder)
    with torch.random.fork_rng(devices=[]):  # initial weights, overwritten below
        model = VibFlow(config)
    _check_sizes(model, weights, folder)
    model.load_state_dict(weights)
    for key, value in describe(model).items():
        if metadata.get(key) != value:
            raise CheckpointError(
                f"{key} in {folder / METADATA_FILE} must be {value!r}, as weights and model have "
                f"it. Got: {metadata.get(key)!r}. The files are damaged or not of one "
                "checkpoint; copy both again."
            )
    return Checkpoint(model.eval().requires_grad_(False), metadata)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    if folder.suffix.lower() in _PICKLES and not folder.is_dir():
        raise CheckpointError(
            f"a checkpoint must be a folder with {WEIGHTS_FILE} and {METADATA_FILE}. "
            f"Got: {folder}, by its name a pickle or archive: those can run code and are never "
            "loaded."
        )
    if not folder.is_dir():
        what = "a file" if folder.exists() else "nothing there"
        raise CheckpointError(f"a checkpoint must be a folder. Got: {folder} ({what}).")
    for name in (METADATA_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            held = sorted(entry.name for entry in folder.iterdir())[:5]
            raise CheckpointError(f"{folder} must hold {name}. Got: {held}.")


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} must be readable JSON: {error}.") from error
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        got = metadata.get("format") if isinstance(metadata, dict) else type(metadata).__name__
        raise CheckpointError(f'{path} must say "format": "{FORMAT}". Got: {got!r}.')
    if metadata.get("version") != VERSION:
        raise CheckpointError(
            f"{path} must be of format version {VERSION}. Got: {metadata.get('version')!r}. "
            "Use the release that wrote it, or pretrain again."
        )
    return metadata


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} must be a complete safetensors file: {error}. Copy it again."
        ) from error


def _check_sizes(model: VibFlow, weights: Mapping[str, Tensor], folder: Path) -> None:
    must = {name: (t.dtype, tuple(t.shape)) for name, t in model.state_dict().items()}
    got = {name: (t.dtype, tuple(t.shape)) for name, t in weights.items()}
    for name in sorted(must.keys() | got.keys()):
        if must.get(name) != got.get(name):
            raise CheckpointError(
                f"{name} in {folder / WEIGHTS_FILE} must be {must.get(name, 'absent')} by "
                f"{METADATA_FILE}. Got: {got.get(name, 'absent')}."
            )


def _check_latent(metadata: Mapping[str, Any], config: VibFlowConfig, folder: Path) -> None:
    latent = metadata.get("latent")
    for name in _STATISTICS:
        values = latent.get(name) if isinstance(latent, Mapping) else None
        if not isinstance(values, list) or len(values) != config.latent_dim:
            raise CheckpointError(
                f"latent {name} of {folder} must be a list of {config.latent_dim} numbers. "
                f"Got: {values!r}."
            )
