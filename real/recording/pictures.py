"""Pictures in a recording: deflated as they come, stored as they are, and what they cost."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats.source import IMAGE
from policies.errors import DemonstrationError
from policies.pictures.settings import ATTRIBUTE, PictureSettings
from real.recording.journal import Record

DEFLATED = "deflated/"
"""Beginning of the names of a record's arrays that are deflated pictures."""
SHAPES = "shapes"
"""Remark of a record that says what shape they have."""
FRAMES, OBSERVED = "frames/", "obs/"
"""Beginning of the names of pictures as cameras gave them, and of those that were observed."""
LEVEL = 1
"""Of zlib's levels the quickest: pictures of 640 x 480 keep up with 30 Hz on one core."""
EPISODES = 100
"""Episodes that the cost is told for."""


class PicturesError(DemonstrationError):
    """Pictures cannot be recorded: no room, or others are there already."""


def deflate(arrays: dict[str, np.ndarray], remarks: dict[str, Any], level: int = LEVEL) -> None:
    """Deflate the pictures of a record, in place; the interpreter is free for others meanwhile.

    Args:
        arrays: What the record holds.
        remarks: Its remarks, which are told the shapes.
        level: zlib's; with 0 they are only packed.
    """
    shapes = {}
    for name in [name for name in arrays if name.startswith((FRAMES, OBSERVED))]:
        picture = np.ascontiguousarray(arrays.pop(name))
        shapes[name] = picture.shape
        packed = zlib.compress(picture.data, level)
        arrays[f"{DEFLATED}{name}"] = np.frombuffer(packed, np.uint8)
    if shapes:
        remarks[SHAPES] = shapes


def observed(camera: str) -> str:
    """Return the name of a camera's observed pictures: robomimic's.

    >>> observed("front")
    'obs/front_image'
    """
    return f"{OBSERVED}{camera}{IMAGE}"


def write_pictures(group: h5py.Group, begin: Record, steps: Sequence[Record]) -> None:
    """Write an episode's pictures as they were deflated, each a chunk of its own.

    Observed ones are of the moment at which an action was chosen, as all observations are; the
    others, as cameras gave them, of that at which it was over.
    """
    for name in _names(steps[0], FRAMES):
        _write(group, name, steps)
    for name in _names(begin, OBSERVED):
        _write(group, name, [begin, *steps[:-1]])


def write_settings(data: h5py.Group, begin: Record) -> None:
    """Write what observed pictures were made with."""
    if ATTRIBUTE in begin.remarks:
        data.attrs[ATTRIBUTE] = PictureSettings.from_dict(begin.remarks[ATTRIBUTE]).to_json()


def kept(record: Record) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what a step observed, and its shapes, where its action is lost."""
    names = [name for name in record.arrays if name.startswith(DEFLATED + OBSERVED)]
    arrays = {name: record.arrays[name] for name in names}
    return arrays, {SHAPES: record.remarks.get(SHAPES, {})} if names else {}


def check_same(file: Path, settings: PictureSettings | None) -> None:
    """Refuse to add episodes to a recording whose pictures are others.

    Args:
        file: One of its episodes.
        settings: What is to be observed; None without pictures.

    Raises:
        PicturesError: They do not fit; both sides are named.
    """
    with h5py.File(file, "r", locking=False) as opened:
        stated = opened["data"].attrs.get(ATTRIBUTE)
    before = None if stated is None else PictureSettings.from_json(stated)
    if before is None and settings is None:
        return
    if before is None or settings is None:
        sides = ["no pictures" if s is None else ", ".join(s.cameras) for s in (before, settings)]
        wrong = [f"{sides[0]} and {sides[1]}"]
    else:
        wrong = before.difference(settings) + settings.difference(before)
    if wrong:
        raise PicturesError(
            f"episodes must have the pictures of those that are recorded, {file.parent}. Got: "
            f"{wrong[0]}. Record to another file."
        )


def cost(
    observed: PictureSettings | None,
    images: Mapping[str, tuple[int, int]],
    rate: float,
    steps: int,
    folder: Path,
) -> str:
    """Say what pictures cost before they are recorded; an upper bound, before they are deflated.

    Args:
        observed: Those that are observed.
        images: Height and width of cameras that are recorded as they are [pixels].
        rate: Steps per second [Hz].
        steps: Of an episode, at most.
        folder: Where they are recorded.

    Raises:
        PicturesError: There is no room for two episodes.
    """
    sizes = [*images.values(), *([observed.image_size] * len(observed.cameras) if observed else ())]
    step = sum(3 * height * width for height, width in sizes)
    free = shutil.disk_usage(folder).free
    if 2 * steps * step > free:
        raise PicturesError(
            f"{folder} must have room for two episodes, {2e-9 * steps * step:.1f} GB. Got: "
            f"{1e-9 * free:.1f} GB. Record fewer or smaller pictures, or elsewhere."
        )
    shown = ", ".join(dict.fromkeys(f"{height} x {width}" for height, width in sizes))
    many = f"{len(sizes)} picture{'s' * (len(sizes) > 1)}"
    return (
        f"{many} per step of {shown} pixels, {1e-6 * rate * step:.1f} MB/s: an "
        f"episode takes up to {1e-6 * steps * step:.0f} MB of disk, and of memory while its file "
        f"is written; {EPISODES} up to {1e-9 * EPISODES * steps * step:.1f} GB. "
        f"{1e-9 * free:.0f} GB are free."
    )


def _names(record: Record, beginning: str) -> list[str]:
    found = {name.removeprefix(DEFLATED) for name in record.arrays}
    return sorted(name for name in found if name.startswith(beginning))


def _write(group: h5py.Group, name: str, records: Sequence[Record]) -> None:
    """Write pictures of one name; where one is missing, nothing but zeros is there."""
    raw = name in records[0].arrays  # as journals held them before
    shape = records[0].arrays[name].shape if raw else tuple(records[0].remarks[SHAPES][name])
    frames = group.create_dataset(
        name, (len(records), *shape), np.uint8, chunks=(1, *shape), compression=LEVEL
    )
    for number, record in enumerate(records):
        if name in record.arrays:
            frames[number] = record.arrays[name]
        elif f"{DEFLATED}{name}" in record.arrays:
            packed = record.arrays[f"{DEFLATED}{name}"].tobytes()
            frames.id.write_direct_chunk((number, 0, 0, 0), packed)
