"""Read Diffusion Policy's zarr: ``data/*`` of all episodes in a row, ``meta/episode_ends``.

A ``.zarr`` folder or a ``.zarr.zip`` (Chi et al. 2023, github.com/real-stanford/diffusion_policy).
Pictures are left out: nothing imitates from them yet.
"""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations.formats.hdf5 import LARGE, NESTING, RATIO
from policies.demonstrations.formats.source import Entry, Source, StoredEpisode
from policies.errors import DemonstrationError, MissingExtraError

_ACTIONS = ("action", "actions")


class ZarrSource(Source):
    """Demonstrations as Diffusion Policy's replay buffer stores them.

    Args:
        path: Folder or zip file.
        stack: What the file is closed with.

    Raises:
        DemonstrationError: It is none, or its arrays do not belong together.
        MissingExtraError: zarr is not installed.
    """

    format = "Diffusion Policy's zarr"

    def __init__(self, path: Path, stack: ExitStack) -> None:
        super().__init__()
        try:
            import zarr
        except ImportError as error:
            raise MissingExtraError("zarr", "zarr") from error
        store: Any = str(path)
        if path.is_file():
            _check_zip(path)
            store = zarr.storage.ZipStore(str(path), mode="r")
            stack.callback(store.close)
        try:
            root: Any = zarr.open_group(store, mode="r")
        except Exception as error:
            raise DemonstrationError(f"it must be a zarr group: {error}") from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what lies about beside the arrays
            self._arrays = _leaves(root, "data")
            meta = _leaves(root, "meta")
        if "episode_ends" not in meta or not self._arrays:
            raise DemonstrationError(
                "there must be arrays in data and meta/episode_ends. "
                f"Got: {sorted(f'data/{name}' for name in self._arrays)}, "
                f"{sorted(f'meta/{name}' for name in meta)}."
            )
        self.default_actions = next((n for n in _ACTIONS if n in self._arrays), "action")
        ends = np.ravel(_read(meta["episode_ends"]))
        self._slices = self._episodes(ends)
        self.names = tuple(self._slices)
        self.remarks = {str(name): str(value) for name, value in dict(root.attrs).items()}

    def _open(self, name: str) -> StoredEpisode:
        rows = self._slices[name]
        entries = {key: self._entry(key, rows) for key in self._arrays}
        seen = {key: e for key, e in entries.items() if key not in _ACTIONS}
        rewards = next((entries[n] for n in ("reward", "rewards") if n in entries), None)
        for name_ in ("reward", "rewards", "done", "dones"):
            seen.pop(name_, None)
        last = np.arange(rows.start, rows.stop) == rows.stop - 1
        done = Entry(last.shape, last.dtype, lambda: last)
        short = {key.removeprefix("obs/"): entry for key, entry in seen.items()}
        return StoredEpisode(name, short, entries, rewards, done, members=sorted(self._arrays))

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        for key, array in sorted(self._arrays.items()):
            yield key, _read(array, self._slices[name])

    def _episodes(self, ends: np.ndarray) -> dict[str, slice]:
        steps = min(int(array.shape[0]) if array.shape else 0 for array in self._arrays.values())
        whole = ends.dtype.kind in "iu" and len(ends) > 0
        if not whole or (np.diff(ends, prepend=0) < 0).any() or int(ends[-1]) > steps:
            raise DemonstrationError(
                f"meta/episode_ends must be rising numbers of steps, the last at most the {steps} "
                f"that there are. Got: {ends[-5:].tolist()}."
            )
        starts = [0, *ends[:-1].tolist()]
        return {
            f"demo_{i}": slice(int(a), int(b))
            for i, (a, b) in enumerate(zip(starts, ends.tolist(), strict=True))
        }

    def _entry(self, key: str, rows: slice) -> Entry:
        array = self._arrays[key]
        shape = (rows.stop - rows.start, *map(int, array.shape[1:]))
        # float32 pixels are pixels as well.
        picture = len(shape) == 4 and max(shape[1:]) > 16
        shown = " x ".join(map(str, shape[1:]))
        unfit = f"an image, {shown}; images of this format are not learned from yet"
        dtype = np.dtype(array.dtype)
        return Entry(shape, dtype, lambda: _read(array, rows), unfit if picture else "")


def _leaves(root: Any, name: str, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the arrays of a group and of the groups in it, by path."""
    if depth > NESTING:
        raise DemonstrationError(f"groups must be nested at most {NESTING} deep.")
    try:
        group = root[name]
    except KeyError:
        return {}
    found = {}
    for key in sorted(group):
        item = group[key]
        if hasattr(item, "shape"):
            found[prefix + key] = item
        else:
            found |= _leaves(group, key, f"{prefix}{key}/", depth + 1)
    return found


def _read(array: Any, rows: slice | None = None) -> np.ndarray:
    """Read an array, or some rows of it, if there is data behind it."""
    size = math.prod(map(int, array.shape)) * np.dtype(array.dtype).itemsize
    stored = array.nbytes_stored
    stored = int(stored() if callable(stored) else stored)
    if size and not array.nchunks_initialized:
        raise DemonstrationError(
            f"{array.path} must hold data. Got {array.shape} values, of which no block is there."
        )
    chunk = math.prod(map(int, array.chunks)) * np.dtype(array.dtype).itemsize
    if max(size, chunk) > LARGE and max(size, chunk) > RATIO * stored:
        raise DemonstrationError(
            f"{array.path} must be about as large as it says. Got {size / 2**30:.1f} GiB in "
            f"{stored / 2**20:.1f} MiB."
        )
    return np.asarray(array[:] if rows is None else array[rows])


def _check_zip(path: Path) -> None:
    """Refuse zip files that are none, or that would unpack to far more than they are."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(item.file_size for item in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DemonstrationError(f"it must be a complete zip file: {error}.") from error
    if size > LARGE and size > RATIO * path.stat().st_size:
        raise DemonstrationError(
            f"it must unpack to about its own size. Got {size / 2**30:.1f} GiB in "
            f"{path.stat().st_size / 2**20:.1f} MiB."
        )
