"""Table of the formats that demonstrations are read from, and how a path's is told."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import h5py

from policies.checkpoints.pickled import COPY, refuse_pickled
from policies.demonstrations.formats.aloha import AlohaSource, episode_files
from policies.demonstrations.formats.d4rl import D4rlSource
from policies.demonstrations.formats.diffusion_policy import ZarrSource
from policies.demonstrations.formats.hdf5 import open_hdf5
from policies.demonstrations.formats.minari import PREFIX, MinariSource
from policies.demonstrations.formats.robomimic import RobomimicSource
from policies.demonstrations.formats.source import Source, damage_told
from policies.demonstrations.lerobot.info import INFO
from policies.demonstrations.lerobot.source import LerobotSource
from policies.errors import DemonstrationError

_MUST = "it must be demonstrations."
Open = Callable[[str, ExitStack], Source | None]


class Format(NamedTuple):
    """A format: what it looks like in words, and a function that opens what looks like that."""

    looks: str
    open: Open


def _minari(path: str, stack: ExitStack) -> Source | None:
    return MinariSource(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None


def _zarr(path: str, stack: ExitStack) -> Source | None:
    place = Path(path)
    roots = (".zgroup", "zarr.json", "data/.zgroup", "meta/.zgroup")
    is_folder = place.is_dir() and (
        place.suffix == ".zarr" or any((place / name).is_file() for name in roots)
    )
    is_zip = place.is_file() and (place.name.endswith(".zarr.zip") or zipfile.is_zipfile(place))
    return ZarrSource(place, stack) if is_folder or is_zip else None


def _lerobot(path: str, stack: ExitStack) -> Source | None:
    return LerobotSource(Path(path)) if (Path(path) / INFO).is_file() else None


def _aloha_folder(path: str, stack: ExitStack) -> Source | None:
    place = Path(path)
    return AlohaSource(place) if place.is_dir() and episode_files(place) else None


def _hdf5(path: str, stack: ExitStack) -> Source | None:
    if Path(path).is_dir():
        return None
    file: h5py.File = stack.enter_context(open_hdf5(path))
    there = set(file)
    if "data" not in there and {"actions", "observations"} <= there:
        return D4rlSource(file)
    if "data" not in there and {"action", "observations"} <= there:
        stack.pop_all().close()
        return AlohaSource(Path(path))
    if "data" not in there:
        raise DemonstrationError(
            f"there must be a group 'data'. Got: {sorted(there)}. Formats that are read: {_list()}."
        )
    return RobomimicSource(file, path)


FORMATS: dict[str, Format] = {
    MinariSource.format: Format("minari:ID", _minari),
    LerobotSource.format: Format("a folder with meta/info.json, data and videos", _lerobot),
    ZarrSource.format: Format("a .zarr folder or .zarr.zip with data and meta", _zarr),
    AlohaSource.format: Format("a folder of episode_0.hdf5, ...", _aloha_folder),
    RobomimicSource.format: Format("data/demo_0, ...", _hdf5),
    D4rlSource.format: Format("observations, actions, terminals and timeouts in a row", _hdf5),
}
"""Formats by name, in the order in which they are tried."""


@contextmanager
def open_source(path: str | os.PathLike[str]) -> Iterator[Source]:
    """Open demonstrations, whatever their format; errors within the block name the path.

    Args:
        path: File or folder, or ``"minari:<dataset id>"``.

    Raises:
        DemonstrationError: There is nothing there, or nothing that is read here, or it is damaged.
    """
    path = os.fspath(path)
    if not path.startswith(PREFIX) and not Path(path).exists():
        raise DemonstrationError(f"demonstrations must be an HDF5 file. Got no file at {path}.")
    try:
        with damage_told(path, "complete and undamaged"), ExitStack() as stack:
            if Path(path).is_file():  # before a zip of torch's is taken for one of zarr's
                refuse_pickled(path, _MUST, DemonstrationError, COPY)
            for format_ in FORMATS.values():
                source = format_.open(path, stack)
                if source is not None:
                    yield source
                    return
            refuse_pickled(path, _MUST, DemonstrationError, COPY)
            raise DemonstrationError(f"{_MUST} Formats that are read: {_list()}.")
    except DemonstrationError as error:
        if str(error).startswith(path):
            raise
        raise DemonstrationError(f"{path}: {error}") from error


def _list() -> str:
    return "; ".join(f"{name} ({known.looks})" for name, known in FORMATS.items())
