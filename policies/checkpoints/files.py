"""The checkpoint of a VIB flow policy, read and verified without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from policies.checkpoints.classes import check_class
from policies.checkpoints.contents import (
    CLASS,
    FIRST_CLASS,
    FORMAT,
    METADATA_FILE,
    VERSION,
    WEIGHTS_FILE,
    CheckpointContents,
    arrays_hash,
    read_arrays,
    read_contents,
)
from policies.checkpoints.description import check_description, check_latent, check_weights
from policies.checkpoints.plain_json import shown
from policies.checkpoints.tensor_file import Stored, check_shapes
from policies.errors import CheckpointError
from policies.model.config import VibFlowConfig
from policies.model.shapes import tensor_shapes, unknown_tensors

__all__ = [
    "FORMAT",
    "METADATA_FILE",
    "VERSION",
    "WEIGHTS_FILE",
    "CheckpointFiles",
    "arrays_hash",
    "check_latent",
    "describe",
    "of_contents",
    "read",
    "read_arrays",
    "verify",
]


class CheckpointFiles(NamedTuple):
    """Contents of a VIB flow policy's checkpoint folder.

    Attributes:
        config: Sizes of the model.
        weights: Its tensors by name.
        metadata: The description, of which ``config`` is a part.
    """

    config: VibFlowConfig
    weights: dict[str, np.ndarray]
    metadata: dict[str, Any]


def describe(config: VibFlowConfig, weights_sha256: str) -> dict[str, Any]:
    """Return the metadata's entries that follow from the model itself."""
    return {
        "format": FORMAT,
        "version": VERSION,
        CLASS: FIRST_CLASS,
        "weights_sha256": weights_sha256,
        "observation_dim": config.observation_dim,
        "action_dim": config.action_dim,
        "horizon": config.horizon,
        "n_action_steps": config.n_action_steps,
        "n_euler_steps": config.n_euler_steps,
        "latent_dim": config.latent_dim,
        "feature_dim": config.feature_dim,
        "model": config.to_dict(),
    }


def read(path: str | os.PathLike[str]) -> CheckpointFiles:
    """Read a checkpoint folder; :func:`verify` checks that its files are of one checkpoint.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign or a pickle.
    """
    return of_contents(read_contents(path))


def of_contents(contents: CheckpointContents) -> CheckpointFiles:
    """Read a VIB flow policy's sizes out of a checkpoint's contents.

    Raises:
        CheckpointError: It is of another class, or its description is not such a policy's.
    """
    folder, weights, metadata = contents
    check_class(contents, (FIRST_CLASS,))
    config = check_description(metadata, folder)
    stored = {name: Stored.of(array) for name, array in weights.items()}
    code = unknown_tensors(config)
    check_shapes(tensor_shapes(config), stored, folder / WEIGHTS_FILE, code)
    check_weights(weights, folder / WEIGHTS_FILE)
    return CheckpointFiles(config, weights, {**metadata, CLASS: FIRST_CLASS})


def verify(files: CheckpointFiles, path: str | os.PathLike[str]) -> None:
    """Check that weights, sizes and description belong together.

    Args:
        files: What was read.
        path: Where from, for the error.

    Raises:
        CheckpointError: They do not: the weights' hash or a size is another one.
    """
    for key, value in describe(files.config, arrays_hash(files.weights)).items():
        got = files.metadata.get(key)
        if type(got) is not type(value) or got != value:
            raise CheckpointError(
                f"{key} in {Path(path) / METADATA_FILE} must be {value!r}, as weights and model "
                f"have it. Got: {shown(got)}. The files are damaged or not of one checkpoint; "
                "copy both again."
            )
