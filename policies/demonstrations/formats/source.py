"""Source: demonstrations open for reading, episode by episode, whatever their format."""

from __future__ import annotations

import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from policies.commands.suggestions import did_you_mean, nearest
from policies.errors import DemonstrationError
from policies.pictures.frames import Frames
from policies.pictures.settings import PictureSettings

DAMAGE = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    IndexError,
    OverflowError,
    MemoryError,
    SystemError,
    EOFError,
    AssertionError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors of libraries when a file's bytes are not what they were: nearly anything."""

CLOCKS = frozenset({"timestamp", "timestamps", "time", "stamp", "frame_index", "episode_index"})
"""Names of entries that count time. A policy that sees them learns when, not what."""


IMAGE = "_image"
"""Ending of robomimic's keys of a camera's frames."""

Kind = tuple[tuple[str, str], ...]
"""Contents of an episode: observation keys, and for each why it is left out, if it is."""


class Entry(NamedTuple):
    """An array that is not read yet: shape, type, a function that reads it, and why to leave it.

    ``stored`` makes of it frames that stay on the disk, where the format can do that.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]
    unfit: str = ""
    stored: Callable[[], Frames] | None = None


@dataclass(frozen=True)
class StoredEpisode:
    """One episode as it is stored, unchecked.

    Attributes:
        name: Such as ``demo_0``.
        observations: What was seen, by key.
        actions: Arrays that may hold the actions, by name.
        rewards: Rewards, if there are any.
        dones: Ends, if they are stored.
        success: Whether the task was done; ``None`` where nobody said.
        members: Names of everything the episode has.
        lacks: What it must have and has not, if it cannot be imitated at all.
    """

    name: str
    observations: Mapping[str, Entry]
    actions: Mapping[str, Entry]
    rewards: Entry | None = None
    dones: Entry | None = None
    success: bool | None = None
    members: Sequence[str] = ()
    lacks: str = ""

    def cameras(self) -> dict[str, Entry]:
        """Return what is pictures by the camera's name: robomimic's ``<camera>_image``.

        Where nothing is called so, all arrays of bytes that look like pictures.
        """
        named = {key: e for key, e in self.observations.items() if key.endswith(IMAGE)}
        found = named or {
            key: e for key, e in self.observations.items() if is_image(e) and e.dtype == np.uint8
        }
        return {key.removesuffix(IMAGE): entry for key, entry in found.items()}


class KeyChoice(NamedTuple):
    """Observation keys that make the flat observation, and the others with the reason why not."""

    taken: tuple[str, ...]
    left_out: dict[str, str]


class Source(ABC):
    """Demonstrations of one format, open for reading.

    Attributes:
        format: What they are, in words.
        names: The episodes' names, in order.
        env_args: robomimic's description of the environment; empty if there is none.
        stored_keys: The order of the flat observation, where it is stored.
        picture_settings: What the frames were made with, where it is stored.
        masks: Lists of episodes by name, as they are stored.
        remarks: What else is stored about all of them.
        notes: What should give a reader pause.
        default_actions: Name of the array that holds the actions.
        action_low: Smallest actions that are stored as possible, if any. Shape ``(A,)``.
        action_high: Largest ones.
        rate: Steps per second, where they are stored.
    """

    format: str
    names: tuple[str, ...]
    env_args: dict[str, Any]
    stored_keys: tuple[str, ...] | None = None
    picture_settings: PictureSettings | None = None
    default_actions = "actions"
    action_low: np.ndarray | None = None
    action_high: np.ndarray | None = None
    rate: float | None = None

    def __init__(self) -> None:
        self.masks: dict[str, list[str]] = {}
        self.remarks: dict[str, str] = {}
        self.notes: list[str] = []
        self.env_args = {}
        self._opened: dict[str, StoredEpisode] = {}

    def episode(self, name: str) -> StoredEpisode:
        """Open an episode.

        Raises:
            DemonstrationError: It cannot be read.
        """
        if name not in self._opened:
            with damage_told(name, "whole"):
                self._opened[name] = self._open(name)
        return self._opened[name]

    @abstractmethod
    def _open(self, name: str) -> StoredEpisode:
        """Open an episode for the first time."""

    def felt_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Choose among keys those that a policy that sees is shown as well: proprioception."""
        return keys

    def choose_cameras(self, cameras: Sequence[str] | None) -> tuple[str, ...]:
        """Choose cameras: those given, or all that most episodes have, in the stored order.

        Raises:
            DemonstrationError: There are none.
        """
        if cameras:
            return tuple(cameras)
        kinds: Counter[tuple[str, ...]] = Counter()
        for name in self.names:
            try:
                kinds[tuple(self.episode(name).cameras())] += 1
            except DemonstrationError:
                continue
        found = max(kinds, key=lambda kind: (kinds[kind], len(kind)), default=())
        if not found:
            raise DemonstrationError(
                "there must be frames of cameras to learn from, such as obs/agentview_image. "
                "Got: none. Record with --cameras, or learn from states: --encoder state."
            )
        order = self.picture_settings.cameras if self.picture_settings else ()
        return tuple(sorted(found, key=lambda c: order.index(c) if c in order else len(order)))

    @abstractmethod
    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode, by name and in that order: what its hash is made of."""

    def usual_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Choose and order keys of vectors where no order is stored; all, by default."""
        return keys

    def choose_keys(self, keys: Sequence[str] | None = None) -> KeyChoice:
        """Choose observation keys: those given, else the stored ones, else the usual vectors.

        What most episodes have decides, so that one damaged episode does not.

        Raises:
            DemonstrationError: No episode can be read.
        """
        kinds: Counter[Kind] = Counter()
        error = None
        for name in self.names:
            try:
                entries = self.episode(name).observations
            except DemonstrationError as found:
                error = error or found
                continue
            kinds[tuple((key, unfit(key, entry)) for key, entry in entries.items())] += 1
        if not kinds:
            raise error or DemonstrationError("there must be episodes. Got: none.")
        kind, _ = max(kinds.items(), key=lambda item: (item[1], len(item[0])))
        reasons = dict(kind)
        vectors = [key for key, reason in reasons.items() if not reason]
        taken = tuple(keys or self.stored_keys or self.usual_keys(vectors))
        rest = {key: reason for key, reason in reasons.items() if key not in taken}
        return KeyChoice(taken, {key: why or "not among the usual" for key, why in rest.items()})

    def select(
        self, mask: str | None, *, skip_missing: bool = False
    ) -> tuple[list[str], list[str]]:
        """Return the episodes of a mask and the names in it that are no episodes'.

        Args:
            mask: Name of a list of episodes; all if None.
            skip_missing: Whether the latter are returned rather than refused.

        Raises:
            DemonstrationError: There is no such list, or it names what is not there.
        """
        if mask is None:
            return list(self.names), []
        if not self.masks:
            raise DemonstrationError(f"{self.format} has no masks. Got: mask {mask!r}.")
        if mask not in self.masks:
            raise DemonstrationError(
                f"there must be a list mask/{mask}. Got: {sorted(self.masks)}."
                f"{hint(mask, self.masks)}"
            )
        listed = set(self.masks[mask])
        found = [name for name in self.names if name in listed]
        missing = sorted(listed - set(found))
        if not found or (missing and not skip_missing):
            raise DemonstrationError(
                f"mask/{mask} must name episodes of the file. Got: {missing[:5]}, which "
                f"{'is' if len(missing) == 1 else 'are'} not there; there are {len(self.names)}, "
                f"{_first(self.names)}." + (" Try --skip-bad." if found else "")
            )
        return found, missing


@contextmanager
def damage_told(name: str | os.PathLike[str], must_be: str) -> Iterator[None]:
    """Turn what damage raises into one line that names the file, or a part of it.

    Raises:
        DemonstrationError: Something was raised within the block.
    """
    try:
        yield
    except DAMAGE as error:
        raise DemonstrationError(f"{name} must be {must_be}: {error_text(error)}.") from error


def error_text(error: BaseException) -> str:
    """Return an exception's message in one line of a bounded length."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def unfit(key: str, entry: Entry) -> str:
    """Say why an entry is no vector that a policy is shown unasked; empty if it is one.

    >>> unfit("pose", Entry((50, 4, 4), np.dtype("f4"), np.zeros))
    '4 x 4 values; name it to take them in a row'
    >>> unfit("width", Entry((50,), np.dtype("f8"), np.zeros))
    ''
    """
    name, sizes = key.rsplit("/", 1)[-1].rsplit(".", 1)[-1], entry.shape[1:]
    shown = " x ".join(map(str, sizes))
    if entry.unfit:
        return entry.unfit
    if entry.dtype.kind not in "fiub":
        return f"no numbers but {entry.dtype}"
    if not entry.shape:
        return "one number for the whole episode"
    if 0 in sizes:
        return "no values"
    if is_image(entry):
        return f"an image, {shown}; --encoder small learns from images"
    if name in CLOCKS:
        return "a clock; name it to take it"
    if sum(size > 1 for size in sizes) > 1:
        return f"{shown} values; name it to take them in a row"
    return ""


def is_image(entry: Entry) -> bool:
    """Tell pictures, and depths, which have pixels by more than one row and column."""
    sizes = entry.shape[1:]
    return len(sizes) == 3 and (
        entry.dtype == np.uint8 or (sizes[-1] <= 4 and sum(s > 1 for s in sizes[:2]) == 2)
    )


def hint(word: str, known: Iterable[str]) -> str:
    """Return a hint at the most similar known name, with a space before it; else nothing.

    >>> hint("trian", ["train", "valid"])
    " Did you mean 'train'?"
    """
    asked = did_you_mean(nearest(word, known, cutoff=0.6)).rstrip()
    return f" {asked[0].upper()}{asked[1:]}" if asked else ""


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
