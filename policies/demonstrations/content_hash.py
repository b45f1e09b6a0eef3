"""A file's identity: a hash of its arrays, whatever HDF5 does to lay them out on the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats.hdf5 import open_hdf5
from policies.demonstrations.formats.robomimic import episode_group, episode_names, group_arrays
from policies.demonstrations.formats.source import DAMAGE
from policies.demonstrations.formats.table import open_source
from policies.errors import DemonstrationError


def content_hash(path: str | os.PathLike[str], *, skip_bad: bool = False) -> str:
    """Return the SHA-256 over every array of every episode.

    Equal for files that hold the same numbers, be they compressed, copied by another version of
    HDF5 or described by other attributes.

    Args:
        path: Demonstrations of any format that is read.
        skip_bad: Pass over episodes that cannot be read.

    Returns:
        64 hexadecimal digits.

    Raises:
        DemonstrationError: If the file is missing, damaged, or holds no demonstrations.
    """
    digest = hashlib.sha256()
    with open_source(path) as source:
        for name in source.names:
            try:
                arrays = [*source.arrays(name)]
            except (DemonstrationError, *DAMAGE):
                if not skip_bad:
                    raise
                continue
            _add(digest, name, arrays)
    return digest.hexdigest()


def hash_episodes(file: h5py.File) -> str:
    """Return the SHA-256 over every array of every episode of an open file of robomimic's."""
    digest = hashlib.sha256()
    for episode in episode_names(file):
        with episode_group(file, episode) as group:
            _add(digest, episode, group_arrays(group))
    return digest.hexdigest()


def _add(digest: Any, episode: str, arrays: Iterable[tuple[str, np.ndarray]]) -> None:
    """Add an episode's arrays, by name."""
    for name, values in arrays:
        if values.dtype.hasobject:  # text of any length, of which these are addresses
            values = values.astype("S")
        # A machine's byte order is layout, too.
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        digest.update(f"{episode}/{name} {values.dtype.str} {values.shape}\n".encode())
        digest.update(values.tobytes())


def verify_content(path: str | os.PathLike[str]) -> str:
    """Return the content's hash after comparing it with the one that the file states.

    Args:
        path: HDF5 file of demonstrations written by this project.

    Raises:
        DemonstrationError: If the file states none, or its arrays are not those it was sealed with.
    """
    found = content_hash(path)
    with open_hdf5(path) as file:
        stated = file["data"].attrs.get("sha256")
    if stated is None:
        raise DemonstrationError(f"{path} must state its content's sha256. Got: none.")
    if stated != found:
        raise DemonstrationError(
            f"{path} must hold the arrays it was sealed with, sha256 {stated}. Got: {found}. "
            "Somebody changed it; record or copy it again."
        )
    return found
