"""Read ALOHA's episode files: ``observations/qpos``, ``qvel``, ``action``, one file per episode.

A folder of ``episode_0.hdf5``, ``episode_1.hdf5``, ... or one such file (Zhao et al. 2023,
github.com/tonyzhaozh/act). Pictures are left out: nothing imitates from them yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import h5py
import numpy as np

from policies.demonstrations.formats import hdf5
from policies.demonstrations.formats.source import Entry, Source, StoredEpisode
from policies.errors import DemonstrationError

FILE = re.compile(r"(?:episode|demo|traj|trajectory)?_?(\d+)\.(?:hdf5|h5)")
_ORDER = ("qpos", "qvel", "effort")


class AlohaSource(Source):
    """Demonstrations in ALOHA's layout.

    Args:
        path: A folder of episodes' files, or one of them.

    Raises:
        DemonstrationError: There are none.
    """

    format = "ALOHA's episode files"
    default_actions = "action"

    def __init__(self, path: Path) -> None:
        super().__init__()
        files = episode_files(path) if path.is_dir() else [path]
        if not files:
            raise DemonstrationError(
                f"there must be files episode_0.hdf5, ... in {path}. Got none."
            )
        self._files = {file.stem: file for file in files}
        self.names = tuple(self._files)
        for file in files:
            try:
                with hdf5.open_hdf5(file) as opened:
                    self.remarks = {n: str(hdf5.attribute(opened, n)) for n in opened.attrs}
                    break
            except DemonstrationError:
                continue

    def _open(self, name: str) -> StoredEpisode:
        with self._file(name) as file:
            found = hdf5.leaves(file)
            seen = {
                key.removeprefix("observations/"): self._entry(name, key, dataset)
                for key, dataset in found.items()
                if key.startswith("observations/")
            }
            actions = {
                key: self._entry(name, key, dataset)
                for key, dataset in found.items()
                if not key.startswith("observations/")
            }
            success = hdf5.success(file)
        return StoredEpisode(
            name,
            seen,
            actions,
            success=None if success is None else bool(np.any(success)),
            members=sorted(found),
        )

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        with self._file(name) as file:
            for key, dataset in sorted(hdf5.leaves(file).items()):
                yield key, hdf5.read(dataset)

    def usual_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Order the joints' positions before their velocities and efforts."""
        return sorted(keys, key=lambda key: (_ORDER.index(key) if key in _ORDER else 9, key))

    def _file(self, name: str) -> AbstractContextManager[h5py.File]:
        return hdf5.open_hdf5(self._files[name])

    def _entry(self, episode: str, key: str, dataset: h5py.Dataset) -> Entry:
        def read() -> np.ndarray:
            with self._file(episode) as file:
                return hdf5.read(file[key])

        # Compressed pictures are rows of bytes, which look like vectors.
        picture = key.startswith("observations/images")
        unfit = "an image; images of this format are not learned from yet" if picture else ""
        return Entry(tuple(dataset.shape or ()), dataset.dtype, read, unfit)


def episode_files(folder: Path) -> list[Path]:
    """Return a folder's files of episodes, by number."""
    found = [(m, path) for path in folder.iterdir() if (m := FILE.fullmatch(path.name))]
    return [path for match, path in sorted(found, key=lambda f: (int(f[0][1]), f[1].name))]
