"""Save a model as a checkpoint and load it again: a folder of safetensors and JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from torch import nn

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.contents import (
    WEIGHTS_FILE,
    CheckpointContents,
    check_destination,
    read_contents,
    write_files,
)
from policies.checkpoints.description import check_description, check_weights
from policies.errors import CheckpointError, ConfigurationError
from policies.model.eyes import Backbone
from policies.model.vib_flow import VibFlow


class LoadedModel(NamedTuple):
    """A model with its saved weights, in evaluation mode, and the description it came with."""

    model: VibFlow
    metadata: dict[str, Any]


def weights_hash(model: nn.Module) -> str:
    """Compute the SHA-256 over all saved tensors as they are now: names, types, shapes, bytes."""
    tensors = model.state_dict()
    return checkpoint_files.arrays_hash({n: t.detach().cpu().numpy() for n, t in tensors.items()})


def describe(model: VibFlow) -> dict[str, Any]:
    """Return the metadata's entries that follow from the model itself."""
    return checkpoint_files.describe(model.config, weights_hash(model))


def save(model: VibFlow, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> None:
    """Write the model's weights and its description, both or neither.

    Args:
        model: What to save.
        path: Folder; made if it is not there. A checkpoint in it is replaced, as a whole or not at
            all, and what is about its weights gets the ending ``.old``; see
            :func:`~policies.checkpoints.contents.save_checkpoint`.
        metadata: What the model does not know of itself: ``observation_keys``, ``env_args``,
            ``latent`` (statistics) and ``training``. Entries of :func:`describe` are set here.

    Raises:
        CheckpointError: If the path is a file, the metadata is not JSON or could not be loaded
            again, or a weight is not finite.
    """
    folder = Path(path)
    check_destination(folder)
    described = describe(model)
    merged = {**described, **metadata, **described}
    check_description(merged, folder)
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    check_weights({k: v.numpy() for k, v in weights.items()}, folder / WEIGHTS_FILE)
    write_files(folder, safetensors.torch.save(weights), merged)


def load(path: str | os.PathLike[str], backbone: Backbone | None = None) -> LoadedModel:
    """Load a model from a checkpoint folder.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.
        backbone: Makes the pretrained network of cameras' frames, if it has one.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign, a pickle, or inconsistent.
    """
    return of_contents(read_contents(path), backbone)


def of_contents(contents: CheckpointContents, backbone: Backbone | None = None) -> LoadedModel:
    """Make the model of a checkpoint's contents.

    Args:
        contents: What was read.
        backbone: Makes the pretrained network of cameras' frames, if it has one.

    Raises:
        CheckpointError: They are not a model's, or inconsistent.
    """
    files = checkpoint_files.of_contents(contents)
    checkpoint_files.verify(files, contents.folder)
    weights = {name: torch.from_numpy(array) for name, array in files.weights.items()}
    try:
        with torch.random.fork_rng(devices=[]):  # initial weights, overwritten below
            model = VibFlow(files.config, backbone)
        model.load_state_dict(weights)
    except (ConfigurationError, RuntimeError) as error:  # somebody's pretrained network
        raise CheckpointError(f"{contents.folder}: {' '.join(str(error).split())[:400]}") from error
    return LoadedModel(model.eval().requires_grad_(False), files.metadata)
