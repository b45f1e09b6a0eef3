"""Reading a policy's checkpoint folder without torch: safetensors and JSON, never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from policies.errors import CheckpointError, ConfigurationError
from policies.model.config import VibFlowConfig

FORMAT = "zprl-policy"
VERSION = 1
WEIGHTS_FILE = "policy.safetensors"
METADATA_FILE = "policy.json"

_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".zip"}
_STATISTICS = ("mean", "std", "rms")


class CheckpointFiles(NamedTuple):
    """What a checkpoint folder holds.

    Attributes:
        config: Sizes of the model.
        weights: Its tensors by name.
        metadata: The description, of which ``config`` is a part.
    """

    config: VibFlowConfig
    weights: dict[str, np.ndarray]
    metadata: dict[str, Any]


def arrays_hash(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of arrays.

    >>> arrays_hash({"a": np.zeros(1), "b": np.ones(1)})[:8]
    '5047e15a'
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def describe(config: VibFlowConfig, weights_sha256: str) -> dict[str, Any]:
    """The entries of the metadata that follow from the model itself."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "weights_sha256": weights_sha256,
        "observation_dim": config.observation_dim,
        "action_dim": config.action_dim,
        "horizon": config.horizon,
        "n_action_steps": config.n_action_steps,
        "n_euler_steps": config.n_euler_steps,
        "latent_dim": config.latent_dim,
        "feature_dim": config.feature_dim,
        "model": json.loads(json.dumps(asdict(config))),
    }


def read(path: str | os.PathLike[str]) -> CheckpointFiles:
    """Read a checkpoint folder; :func:`verify` tells whether its files are of one checkpoint.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign or a pickle.
    """
    folder = Path(path)
    _check_folder(folder)
    metadata = _read_metadata(folder / METADATA_FILE)
    weights = read_arrays(folder / WEIGHTS_FILE)
    try:
        config = VibFlowConfig.from_dict(metadata["model"])
    except (ConfigurationError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / METADATA_FILE} has no valid model: {error}") from error
    check_latent(metadata, config, folder)
    return CheckpointFiles(config, weights, metadata)


def verify(files: CheckpointFiles, path: str | os.PathLike[str]) -> None:
    """See that weights, sizes and description belong together.

    Args:
        files: What was read.
        path: Where from, for the error.

    Raises:
        CheckpointError: They do not: the weights' hash or a size is another one.
    """
    for key, value in describe(files.config, arrays_hash(files.weights)).items():
        if files.metadata.get(key) != value:
            raise CheckpointError(
                f"{key} in {Path(path) / METADATA_FILE} must be {value!r}, as weights and model "
                f"have it. Got: {files.metadata.get(key)!r}. The files are damaged or not of one "
                "checkpoint; copy both again."
            )


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a safetensors file.

    Raises:
        CheckpointError: If it is missing or not a complete one.
    """
    try:
        return safetensors.numpy.load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} must be a complete safetensors file: {error}. Copy it again."
        ) from error
    except KeyError as error:
        raise CheckpointError(f"{path} must hold numpy's types. Got: {error}.") from error


def check_latent(metadata: Mapping[str, Any], config: VibFlowConfig, folder: Path) -> None:
    """See that a description has the latent's statistics.

    Raises:
        CheckpointError: It lacks one, or one is of another size.
    """
    latent = metadata.get("latent")
    for name in _STATISTICS:
        values = latent.get(name) if isinstance(latent, Mapping) else None
        if not isinstance(values, list) or len(values) != config.latent_dim:
            raise CheckpointError(
                f"latent {name} of {folder} must be a list of {config.latent_dim} numbers. "
                f"Got: {values!r}."
            )


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
