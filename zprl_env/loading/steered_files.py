"""The folder of an exported steered policy: safetensors and JSON, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.files import arrays_hash, read_arrays
from zprl_env.errors import CheckpointError
from zprl_env.loading import resolve

FORMAT = "zprl-steered"
VERSION = 1
STEERED_FILE, ACTOR_FILE = "steered.json", "actor.safetensors"
POLICY_FOLDER = "policy"
"""Subfolder of the base policy's own checkpoint."""
OWN_POLICY = "own_policy"
"""Key of a note for people to read: which code of their own the base policy was."""
SHIPPED_POLICY = "shipped_policy"
"""Key of the name of a base policy that comes with the package, in place of a copy of it."""
ONNX_FILE, CARD_FILE = "steered.onnx", "README.md"


class SteeredFiles(NamedTuple):
    """Contents of an exported steered policy's folder besides the base policy.

    Attributes:
        metadata: The description.
        arrays: The actor's, and the bounds of the environment's actions.
    """

    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]


def base_folder(folder: Path, metadata: Mapping[str, Any]) -> Path:
    """Return the folder of an export's base policy: its own, or that of a shipped one.

    Raises:
        CheckpointError: It names one that does not come with this version.
    """
    name = metadata.get(SHIPPED_POLICY)
    if name is None:
        return folder / POLICY_FOLDER
    shipped = resolve.shipped_policies()
    if not isinstance(name, str) or name not in shipped:
        raise CheckpointError(
            f"{SHIPPED_POLICY} of {folder} must be one of {', '.join(shipped)}. Got: {name!r}. "
            "Another version of this package may have it."
        )
    return shipped[name]


def write_steered(
    folder: Path, metadata: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write description and actor into a folder that holds the base policy already.

    Args:
        folder: The folder.
        metadata: Plain JSON values; format, version and hashes are set here. With ``own_policy`` in
            it, the base policy is the user's own code, and with ``shipped_policy`` one that comes
            with the package: the folder then does not hold it.
        arrays: The actor's, and the bounds.
    """
    (folder / ACTOR_FILE).write_bytes(safetensors.numpy.save(dict(arrays)))
    described = {"format": FORMAT, "version": VERSION, "actor_sha256": arrays_hash(arrays)}
    if OWN_POLICY not in metadata:
        policy = checkpoint_files.read(base_folder(folder, metadata))
        described["policy_sha256"] = arrays_hash(policy.weights)
    text = json.dumps(described | dict(metadata) | described, indent=1, allow_nan=False)
    (folder / STEERED_FILE).write_text(text + "\n", encoding="utf-8")


def read_steered(folder: Path) -> SteeredFiles:
    """Read a folder and check that actor, base policy and description belong together.

    Raises:
        CheckpointError: Something is missing, damaged, foreign or of another export.
    """
    path = folder / STEERED_FILE
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"a steered policy must be a folder with {STEERED_FILE}, as zprl_env.export writes "
            f"it. Got: {folder} ({error})."
        ) from error
    named = metadata if isinstance(metadata, dict) else {}
    if (named.get("format"), named.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} must be of format {FORMAT!r}, version {VERSION}. "
            f"Got: {named.get('format')!r}, {named.get('version')!r}. Export it again."
        )
    arrays = read_arrays(folder / ACTOR_FILE)
    hashes = {"actor_sha256": arrays_hash(arrays)}
    if OWN_POLICY not in named:
        base = base_folder(folder, named)
        policy = checkpoint_files.read(base)
        checkpoint_files.verify(policy, base)
        hashes["policy_sha256"] = arrays_hash(policy.weights)
    for name, found in hashes.items():
        if named.get(name) != found:
            raise CheckpointError(
                f"{name} in {path} must be {found}, as the files have it. Got: "
                f"{named.get(name)!r}. They are damaged or not of one export; copy them again."
            )
    return SteeredFiles(named, arrays)
