"""A file's identity: a hash of its arrays, whatever HDF5 does to lay them out on the disk."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.robomimic import episode_names
from policies.errors import DemonstrationError


def content_hash(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 over every array of every episode.

    Equal for files that hold the same numbers, be they compressed, copied by another version of
    HDF5 or described by other attributes.

    Args:
        path: HDF5 file of demonstrations in robomimic's layout.

    Returns:
        64 hexadecimal digits.

    Raises:
        DemonstrationError: If the file is missing, not HDF5, or holds no demonstrations.
    """
    try:
        with h5py.File(path, "r") as file:
            return hash_episodes(file)
    except OSError as error:
        raise DemonstrationError(f"{path} must be a complete HDF5 file: {error}.") from error


def hash_episodes(file: h5py.File) -> str:
    """Return the SHA-256 over every array of every episode of an open file."""
    digest = hashlib.sha256()
    for episode in episode_names(file):

        def add(name: str, item: Any, episode: str = episode) -> None:
            if isinstance(item, h5py.Dataset):
                values = np.asarray(item[()])
                if values.dtype.hasobject:  # text of any length, of which these are addresses
                    values = values.astype("S")
                # A machine's byte order is layout, too.
                values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
                digest.update(f"{episode}/{name} {values.dtype.str} {values.shape}\n".encode())
                digest.update(values.tobytes())

        file["data"][episode].visititems(add)  # by name
    return digest.hexdigest()


def verify_content(path: str | os.PathLike[str]) -> str:
    """Return the content's hash after comparing it with the one that the file states.

    Args:
        path: HDF5 file of demonstrations written by this project.

    Raises:
        DemonstrationError: If the file states none, or its arrays are not those it was sealed with.
    """
    found = content_hash(path)
    with h5py.File(path, "r") as file:
        stated = file["data"].attrs.get("sha256")
    if stated is None:
        raise DemonstrationError(f"{path} must state its content's sha256. Got: none.")
    if stated != found:
        raise DemonstrationError(
            f"{path} must hold the arrays it was sealed with, sha256 {stated}. Got: {found}. "
            "Somebody changed it; record or copy it again."
        )
    return found
