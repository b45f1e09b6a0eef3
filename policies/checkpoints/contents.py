"""A checkpoint folder of any policy class: tensors, description and their hash, without torch.

``policy.safetensors`` holds the tensors and ``policy.json`` describes them; its ``class`` says of
which kind they are. The name is looked up in
:data:`policies.checkpoints.classes.CHECKPOINT_CLASSES`, and nothing in the file is imported.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from policies.checkpoints.description import METADATA_FILE, check_description
from policies.checkpoints.output import WRITER, package_version
from policies.checkpoints.pickled import ENDINGS, refuse_pickled
from policies.checkpoints.plain_json import read_json, shown
from policies.checkpoints.tensor_file import (
    arrays_hash,
    check_finite,
    check_shapes,
    read_arrays,
    read_header,
)
from policies.checkpoints.whole import replace_file
from policies.errors import CheckpointError
from policies.model.shapes import tensor_shapes, unknown_tensors

__all__ = [
    "METADATA_FILE",
    "WEIGHTS_FILE",
    "CheckpointContents",
    "arrays_hash",
    "check_hash",
    "read_arrays",
    "read_contents",
    "save_checkpoint",
]

FORMAT = "zprl-policy"
VERSION = 1
WEIGHTS_FILE = "policy.safetensors"
CLASS, FIRST_CLASS = "class", "VibFlow"
"""Key of the policy's class, and the class of a checkpoint without it: there was no other once."""
ABOUT = ("README.md", "evaluation.json")
"""Files beside a checkpoint that are about its weights, and about no others."""

_PENDING = f"{METADATA_FILE}.partial"
"""Description of weights that are just being put in place."""


class CheckpointContents(NamedTuple):
    """Contents of a checkpoint folder, of which ``from_checkpoint`` makes a policy.

    Attributes:
        folder: Where it was read, for errors.
        weights: Tensors by name, as numpy arrays.
        metadata: The description.
    """

    folder: Path
    weights: dict[str, np.ndarray]
    metadata: dict[str, Any]

    @property
    def class_name(self) -> str:
        """The policy's class, as the description names it."""
        return str(self.metadata.get(CLASS, FIRST_CLASS))


def read_contents(path: str | os.PathLike[str]) -> CheckpointContents:
    """Read a checkpoint folder of any class.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign or a pickle.
    """
    folder, weights = Path(path), Path(path) / WEIGHTS_FILE
    _check_folder(folder)
    metadata = _read_metadata(description_file(folder))
    header = read_header(weights)
    ours = metadata.get(CLASS, FIRST_CLASS) == FIRST_CLASS
    if ours:  # others' sizes only their class knows, and whether they use infinity
        config = check_description(metadata, folder)
        check_shapes(tensor_shapes(config), header, weights, unknown_tensors(config))
    arrays = read_arrays(weights)
    check_finite(arrays, weights, infinite=not ours)
    return CheckpointContents(folder, arrays, metadata)


def description_file(folder: Path) -> Path:
    """Find the description of the weights that are in a folder.

    It is ``policy.json``, unless whoever replaced the checkpoint was killed between its two files.
    """
    pending = folder / _PENDING
    if pending.is_file() and (folder / WEIGHTS_FILE).is_file():
        held = arrays_hash(read_arrays(folder / WEIGHTS_FILE))
        if _read_metadata(pending).get("weights_sha256") == held:
            return pending
    return folder / METADATA_FILE


def check_hash(contents: CheckpointContents) -> None:
    """Check that tensors and description are of one checkpoint.

    Raises:
        CheckpointError: They are not: the tensors have another hash.
    """
    must, got = arrays_hash(contents.weights), contents.metadata.get("weights_sha256")
    if got != must:
        raise CheckpointError(
            f"weights_sha256 in {contents.folder / METADATA_FILE} must be {must!r}, as the weights "
            f"have it. Got: {shown(got)}. The files are damaged or not of one checkpoint; "
            "copy both again."
        )


def save_checkpoint(
    path: str | os.PathLike[str],
    class_name: str,
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
) -> None:
    """Save the checkpoint of a policy class of one's own.

    Args:
        path: Folder; made if it is not there. A checkpoint in it is replaced, as a whole or not at
            all, and what is about the old weights (`ABOUT`) gets the ending ``.old``. The commands
            ask first.
        class_name: Name of the class, which whoever loads it has to know.
        weights: Tensors by name.
        metadata: Plain JSON values: all that the class needs to be made again.

    Raises:
        CheckpointError: If the path is a file, or the metadata is not JSON.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    own = {"format": FORMAT, "version": VERSION, CLASS: class_name}
    described = {**own, **metadata, **own, "weights_sha256": arrays_hash(arrays)}
    write_files(Path(path), safetensors.numpy.save(arrays), described)


def write_files(folder: Path, weights: bytes, metadata: Mapping[str, Any]) -> None:
    """Write tensors and description into a folder, both or neither.

    The description is put beside first. Then the weights' replacement is the one moment at which
    the old checkpoint becomes the new one: :func:`description_file` knows both by their hash.

    Raises:
        CheckpointError: If the path is a file, or the metadata is not JSON.
    """
    check_destination(folder)
    try:
        described = {**metadata, WRITER: package_version()}
        text = json.dumps(described, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint metadata must be plain JSON values: {error}.") from error
    folder.mkdir(parents=True, exist_ok=True)
    held = folder / WEIGHTS_FILE
    if not held.is_file() or held.read_bytes() != weights:
        replace_file(folder / _PENDING, text.encode())
        for name in ABOUT:  # before the weights: a card is never older than what it is about
            if (folder / name).is_file():
                (folder / name).replace(folder / f"{name}.old")
        replace_file(held, weights)
    replace_file(folder / METADATA_FILE, text.encode())
    (folder / _PENDING).unlink(missing_ok=True)


def check_destination(folder: Path) -> None:
    """Check that a checkpoint can be saved to a path.

    Raises:
        CheckpointError: There is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"a checkpoint is saved to a folder. Got a file: {folder}.")


def _check_folder(folder: Path) -> None:
    must = f"a checkpoint must be a folder with {WEIGHTS_FILE} and {METADATA_FILE}."
    if not folder.is_dir():
        refuse_pickled(folder, must)
    if folder.suffix.lower() in ENDINGS and not folder.is_dir():
        raise CheckpointError(
            f"{must} Got: {folder}, by its name a pickle or archive: those can run code and are "
            "never loaded."
        )
    if not folder.is_dir():
        what = "a file" if folder.exists() else "nothing there"
        raise CheckpointError(f"a checkpoint must be a folder. Got: {folder} ({what}).")
    for name in (METADATA_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file() and not (folder / _PENDING).is_file():
            refuse_pickled(folder, f"{folder} must hold {name}.")
            held = sorted(entry.name for entry in folder.iterdir())[:5]
            raise CheckpointError(f"{folder} must hold {name}. Got: {held}.")


def _read_metadata(path: Path) -> dict[str, Any]:
    metadata = read_json(path)
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        got = metadata.get("format") if isinstance(metadata, dict) else type(metadata).__name__
        raise CheckpointError(f'{path} must say "format": "{FORMAT}". Got: {shown(got)}.')
    version = metadata.get("version")
    if type(version) is not int or version != VERSION:
        raise CheckpointError(
            f"{path} must be of format version {VERSION}. Got: {shown(version)}. "
            "Use the release that wrote it, or pretrain again."
        )
    return metadata
