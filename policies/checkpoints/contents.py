"""A checkpoint folder of any policy class: tensors, description and their hash, without torch.

``policy.safetensors`` holds the tensors and ``policy.json`` describes them; its ``class`` says of
which kind they are. The name is looked up in
:data:`policies.checkpoints.classes.CHECKPOINT_CLASSES`, and nothing in the file is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from policies.errors import CheckpointError

FORMAT = "zprl-policy"
VERSION = 1
WEIGHTS_FILE = "policy.safetensors"
METADATA_FILE = "policy.json"
CLASS, FIRST_CLASS = "class", "VibFlow"
"""Key of the policy's class, and the class of a checkpoint without it: there was no other once."""

_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".zip"}


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


def arrays_hash(arrays: Mapping[str, np.ndarray]) -> str:
    """Compute the SHA-256 over names, types, shapes and bytes of arrays.

    >>> arrays_hash({"a": np.zeros(1), "b": np.ones(1)})[:8]
    '5047e15a'
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_contents(path: str | os.PathLike[str]) -> CheckpointContents:
    """Read a checkpoint folder of any class.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.

    Raises:
        CheckpointError: If anything is missing, truncated, foreign or a pickle.
    """
    folder = Path(path)
    _check_folder(folder)
    metadata = _read_metadata(folder / METADATA_FILE)
    return CheckpointContents(folder, read_arrays(folder / WEIGHTS_FILE), metadata)


def check_hash(contents: CheckpointContents) -> None:
    """Check that tensors and description are of one checkpoint.

    Raises:
        CheckpointError: They are not: the tensors have another hash.
    """
    must, got = arrays_hash(contents.weights), contents.metadata.get("weights_sha256")
    if got != must:
        raise CheckpointError(
            f"weights_sha256 in {contents.folder / METADATA_FILE} must be {must!r}, as the weights "
            f"have it. Got: {got!r}. The files are damaged or not of one checkpoint; copy both "
            "again."
        )


def save_checkpoint(
    path: str | os.PathLike[str],
    class_name: str,
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
) -> None:
    """Save the checkpoint of a policy class of one's own.

    Args:
        path: Folder; made if it is not there, overwritten if it holds a checkpoint.
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
    """Write tensors and description into a folder, each file whole or not at all.

    Raises:
        CheckpointError: If the path is a file, or the metadata is not JSON.
    """
    check_destination(folder)
    try:
        text = json.dumps(metadata, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint metadata must be plain JSON values: {error}.") from error
    folder.mkdir(parents=True, exist_ok=True)
    # The hash ties the two files together: a crash between the replacements is found on loading.
    _replace(folder / WEIGHTS_FILE, weights)
    _replace(folder / METADATA_FILE, text.encode())


def check_destination(folder: Path) -> None:
    """Check that a checkpoint can be saved to a path.

    Raises:
        CheckpointError: There is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"a checkpoint is saved to a folder. Got a file: {folder}.")


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
