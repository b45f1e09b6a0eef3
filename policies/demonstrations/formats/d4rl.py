"""Read D4RL's flat HDF5: all steps in a row, and where an episode ends in ``terminals``.

``observations``, ``actions``, ``rewards``, ``terminals``, ``timeouts``, and sometimes
``next_observations`` and ``infos`` (Fu et al. 2020, github.com/Farama-Foundation/D4RL).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats import hdf5
from policies.demonstrations.formats.source import Entry, Source, StoredEpisode
from policies.errors import DemonstrationError
from policies.success import success_names

_SUCCESS = success_names(["infos/"])


class D4rlSource(Source):
    """Demonstrations in D4RL's flat layout; steps after the last end are an episode as well.

    Args:
        file: Open for reading.

    Raises:
        DemonstrationError: Its arrays do not belong together.
    """

    format = "D4RL's flat HDF5"

    def __init__(self, file: h5py.File) -> None:
        super().__init__()
        self._arrays = hdf5.leaves(file)
        actions = self._arrays.get("actions")
        if actions is None or not actions.shape or not actions.shape[0]:
            raise DemonstrationError(f"there must be actions. Got: {sorted(self._arrays)[:20]}.")
        self._steps = int(actions.shape[0])
        ends = self._ends()
        self._slices = dict(zip((f"demo_{i}" for i in range(len(ends))), ends, strict=True))
        self.names = tuple(self._slices)
        self.remarks = {
            name: " ".join(str(value.asstr()[()]).split())[:200]
            for name, value in self._arrays.items()
            if name.startswith("metadata/") and value.shape == () and value.dtype.hasobject
        }

    def _open(self, name: str) -> StoredEpisode:
        rows = self._slices[name]
        seen = {
            key.removeprefix("observations/"): self._entry(key, rows)
            for key in self._arrays
            if key == "observations" or key.startswith("observations/")
        }
        renamed = {"observation" if key == "observations" else key: e for key, e in seen.items()}
        arrays = {key: self._entry(key, rows) for key in self._arrays}
        last = np.arange(rows.start, rows.stop) == rows.stop - 1
        done = Entry(last.shape, last.dtype, lambda: last)
        return StoredEpisode(
            name,
            renamed,
            arrays,
            arrays.get("rewards"),
            done,
            self._success(rows),
            sorted(self._arrays),
        )

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        for key, dataset in sorted(self._arrays.items()):
            if dataset.shape and dataset.shape[0] == self._steps:
                yield key, hdf5.read(dataset, self._slices[name])

    def _entry(self, key: str, rows: slice) -> Entry:
        dataset = self._arrays[key]
        shape = tuple(dataset.shape or ())
        if not shape or shape[0] != self._steps:
            return Entry(shape, dataset.dtype, dataset.__array__, f"not {self._steps} steps")
        shape = (rows.stop - rows.start, *shape[1:])
        return Entry(shape, dataset.dtype, lambda: hdf5.read(dataset, rows))

    def _ends(self) -> list[slice]:
        """Find where episodes end: as is stored, else where the next observation is another."""
        ends = np.zeros(self._steps, bool)
        names = [name for name in ("terminals", "timeouts") if name in self._arrays]
        for name in names:
            values = np.ravel(hdf5.read(self._arrays[name]))
            if values.shape != (self._steps,):
                raise DemonstrationError(
                    f"{name} must have one value per action, {self._steps}. Got: {values.shape}."
                )
            ends |= values.astype(bool)
        if "timeouts" not in names:
            ends |= self._jumps(names)
        starts = [0, *(np.flatnonzero(ends[:-1]) + 1).tolist()]
        if self._steps > 1 and not ends[-1] and len(starts) > 1:
            self.notes.append("its last episode does not end; it is read as one that was cut off")
        return [slice(a, b) for a, b in zip(starts, [*starts[1:], self._steps], strict=True)]

    def _jumps(self, names: Sequence[str]) -> np.ndarray:
        here, after = self._arrays.get("observations"), self._arrays.get("next_observations")
        if here is None or after is None or here.shape != after.shape:
            if not names:
                self.notes.append("it has no terminals and no timeouts: all is one episode")
            else:
                self.notes.append("it has no timeouts: episodes end at terminals alone")
            return np.zeros(self._steps, bool)
        same: Any = (hdf5.read(here)[1:] == hdf5.read(after)[:-1]).reshape(self._steps - 1, -1)
        self.notes.append("it has no timeouts: episodes end where next_observations say so")
        return np.append(~same.all(1), False)

    def _success(self, rows: slice) -> bool | None:
        for name in _SUCCESS:
            dataset = self._arrays.get(name)
            if dataset is not None and dataset.shape and dataset.shape[0] == self._steps:
                return bool(np.any(hdf5.read(dataset, rows)))
        return None
