"""Reading HDF5 with suspicion: no data of other files, none that is not there, no bombs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats.source import Entry, damage_told
from policies.errors import DemonstrationError
from policies.success import SUCCESS

LARGE = 2**28
"""Bytes from which an array must have something on the disk to show for its size."""
RATIO = 200
"""Bytes of a large array per byte on the disk that are still believed."""
NESTING = 64
"""Depth of groups and of JSON that is followed."""
JSON_BYTES = 2**24
"""Length of an attribute that is still read as JSON."""


@contextmanager
def open_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open a file for reading; whatever its damage raises becomes one kind of error.

    Raises:
        DemonstrationError: It is missing, not HDF5, or damaged; then, within the block.
    """
    if not Path(path).is_file():
        raise DemonstrationError(f"demonstrations must be an HDF5 file. Got no file at {path}.")
    with damage_told(path, "a complete HDF5 file"), h5py.File(path, "r") as file:
        yield file


def members(group: h5py.Group) -> dict[str, h5py.Group | h5py.Dataset]:
    """Return a group's groups and datasets by name; links to other files are refused.

    Raises:
        DemonstrationError: A link leads to another file, or nowhere.
    """
    return {name: item for name in group if (item := member(group, name)) is not None}


def member(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """Return a group's member; None if there is none, or a type's description.

    Raises:
        DemonstrationError: The link leads to another file, or nowhere.
    """
    link = group.get(name, getlink=True)
    where = f"{group.name.rstrip('/')}/{name}"
    if link is None:
        return None
    if isinstance(link, h5py.ExternalLink):
        raise DemonstrationError(
            f"{where} must lie in the file itself. Got a link to {link.path} of another file, "
            f"{link.filename}, which is not followed. Copy the data into one file."
        )
    try:
        item = group[name]
    except KeyError as error:
        target = f" to {link.path}" if isinstance(link, h5py.SoftLink) else ""
        raise DemonstrationError(
            f"{where} must be there. Got a link{target} that leads nowhere."
        ) from error
    if isinstance(link, h5py.SoftLink) and item.file.filename != group.file.filename:
        raise DemonstrationError(
            f"{where} must lie in the file itself. Got a link into {item.file.filename}."
        )
    return item if isinstance(item, (h5py.Group, h5py.Dataset)) else None


def leaves(group: h5py.Group, prefix: str = "", depth: int = 0) -> dict[str, h5py.Dataset]:
    """Return the datasets of a group and of the groups in it, by path.

    Raises:
        DemonstrationError: Groups are nested without end.
    """
    if depth > NESTING:
        raise DemonstrationError(f"groups must be nested at most {NESTING} deep: {group.name[:80]}")
    found: dict[str, h5py.Dataset] = {}
    for name, item in members(group).items():
        if isinstance(item, h5py.Dataset):
            found[prefix + name] = item
        else:
            found |= leaves(item, f"{prefix}{name}/", depth + 1)
    return found


def entry(dataset: h5py.Dataset, unfit: str = "") -> Entry:
    """Describe a dataset without reading it."""
    return Entry(tuple(dataset.shape or ()), dataset.dtype, lambda: read(dataset), unfit)


def read(dataset: h5py.Dataset, rows: slice | None = None) -> np.ndarray:
    """Read a dataset, or some rows of it, after looking where its numbers come from.

    Raises:
        DemonstrationError: They lie in another file, were never written, or would be far more than
            the file is large.
    """
    check(dataset)
    return np.asarray(dataset[()] if rows is None else dataset[rows])


def check(dataset: h5py.Dataset) -> None:
    """Check where a dataset's numbers come from, without reading them.

    Raises:
        DemonstrationError: They lie in another file, were never written, or would be far more than
            the file is large.
    """
    name = dataset.name
    if dataset.shape is None:
        raise DemonstrationError(f"{name} must hold numbers. Got: nothing.")
    if dataset.external or dataset.is_virtual:
        other = dataset.external[0][0] if dataset.external else "a virtual dataset"
        raise DemonstrationError(
            f"{name} must lie in the file itself. Got numbers of another file ({other}), which are "
            "not read. Copy the data into one file, as h5repack does."
        )
    size = math.prod(int(n) for n in dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if size and not stored:
        raise DemonstrationError(
            f"{name} must hold data. Got {dataset.shape} values that were never written."
        )
    chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    if max(size, chunk) > LARGE and max(size, chunk) > RATIO * stored:
        raise DemonstrationError(
            f"{name} must be about as large as it says. Got {size / 2**30:.1f} GiB in "
            f"{stored / 2**20:.1f} MiB of the file."
        )
    if dataset.chunks and dataset.dtype.kind == "f":
        needed = math.prod(
            -(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True)
        )
        there = dataset.id.get_num_chunks()
        if there < needed:
            raise DemonstrationError(
                f"{name} must be whole. Got {there} of its {needed} blocks; the others were never "
                "written."
            )


def attribute(item: h5py.Group, name: str) -> Any:
    """Read an attribute; None if there is none.

    Raises:
        DemonstrationError: It is larger than any description.
    """
    if name not in item.attrs:
        return None
    size = item.attrs.get_id(name).get_storage_size()
    if size > JSON_BYTES:
        raise DemonstrationError(f"attribute {name} must have at most {JSON_BYTES} bytes: {size}.")
    return item.attrs[name]


def success(item: h5py.Group) -> Any:
    """Read a report of success from an item's attributes, under whichever name; None if unsaid."""
    found = (attribute(item, name) for name in SUCCESS)
    return next((value for value in found if value is not None), None)


def read_json(group: h5py.Group, name: str) -> Any:
    """Read an attribute that is JSON; None if there is none.

    Raises:
        DemonstrationError: It is not JSON, or longer or deeper than any description.
    """
    text = attribute(group, name)
    if text is None:
        return None
    if isinstance(text, (bytes, np.bytes_)):
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str):
        raise DemonstrationError(
            f"attributes of '{group.name[1:]}' must be JSON: {name} is {type(text).__name__}."
        )
    return parse_json(text, f"attributes of '{group.name[1:]}' must be JSON")


def parse_json(text: str, must: str) -> Any:
    """Parse JSON of a bounded length and depth.

    Args:
        text: JSON.
        must: What an error begins with.

    Raises:
        DemonstrationError: It is not JSON, or too long or deep.

    >>> parse_json("[" * 100000, "it must be JSON")
    Traceback (most recent call last):
    policies.errors.DemonstrationError: it must be JSON: it is nested more than 64 deep.
    """
    if len(text) > JSON_BYTES:
        raise DemonstrationError(f"{must}: it is longer than {JSON_BYTES} bytes.")
    try:
        value = json.loads(text)
    except RecursionError:
        raise DemonstrationError(f"{must}: it is nested more than {NESTING} deep.") from None
    except ValueError as error:
        raise DemonstrationError(f"{must}: {error}.") from error
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > NESTING:
            raise DemonstrationError(f"{must}: it is nested more than {NESTING} deep.")
        inner = [
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, (dict, list))
        ]
        level = [value for values in inner for value in values]
    return value
