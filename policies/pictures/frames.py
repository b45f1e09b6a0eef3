"""Frames of one camera over an episode, in memory or on the disk, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

CHECKED = 12
"""Frames of an episode that are looked at, evenly spread, its first and last among them."""
_FLAT = 6
"""Difference between the brightest and the darkest byte of a frame that shows nothing."""


class Frames(Protocol):
    """Frames of one camera over an episode: read by slices, whatever holds them.

    A numpy array is one, and so is a dataset on the disk.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape ``(T, H, W, 3)``."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Always uint8."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any) -> np.ndarray: ...


def spread(length: int, most: int) -> list[int]:
    """Return evenly spread numbers of an episode's steps, its first and last among them.

    >>> spread(100, 4), spread(2, 4)
    ([0, 33, 66, 99], [0, 1])
    """
    return sorted({int(i) for i in np.linspace(0, length - 1, min(length, most)).round()})


def shows_nothing(frame: np.ndarray) -> bool:
    """Tell whether a frame is black, or of one colour.

    >>> shows_nothing(np.full((8, 8, 3), 90, np.uint8))
    True
    """
    return int(frame.max()) - int(frame.min()) <= _FLAT


def dead_camera(frames: Frames, states: np.ndarray | None = None) -> str:
    """Say that a camera shows nothing, or has stopped; empty if it sees.

    Args:
        frames: Of an episode.
        states: What is known of the robot at each step, so that a picture that stays the same while
            nothing moves is none that has stopped. Shape ``(T, P)``.

    >>> dead_camera(np.zeros((5, 8, 8, 3), np.uint8))
    'is black or of one colour in 5 of 5 frames that were looked at'
    """
    steps = spread(len(frames), CHECKED)
    shown = [np.asarray(frames[step]) for step in steps]
    flat = sum(map(shows_nothing, shown))
    if 4 * flat >= len(shown):
        return f"is black or of one colour in {flat} of {len(shown)} frames that were looked at"
    known = states is not None and states.shape[1] > 0
    pairs = [
        i
        for i in range(1, len(shown))
        if states is None or not known or _moved(states, steps[i - 1], steps[i])
    ]
    run: list[int] = []
    longest: list[int] = []
    for i in pairs:
        run = [*run, i] if np.array_equal(shown[i], shown[i - 1]) else []
        longest = max(longest, run, key=len)
    least = len(pairs) / 2 if known else len(pairs)  # who knows no state cannot tell rest from it
    if len(longest) >= max(2, least):
        first, last = steps[longest[0] - 1], steps[longest[-1]]
        return f"is frozen: the same picture at steps {first} to {last} while the robot moved"
    return ""


def _moved(states: np.ndarray, before: int, after: int) -> bool:
    spread_ = np.ptp(states[before : after + 1], axis=0)
    return bool((spread_ > 1e-3 * np.maximum(np.ptp(states, axis=0), 1e-9)).any())


def contact_sheet(
    episodes: Mapping[str, Mapping[str, Frames]], columns: int = 8, gap: int = 4
) -> np.ndarray:
    """Lay frames of episodes side by side: a row per episode and camera, evenly spread in time.

    Args:
        episodes: Cameras' frames by the episode's name.
        columns: Frames in a row.
        gap: Pixels between frames; twice as many between episodes.

    Returns:
        Shape ``(H, W, 3)``, uint8, on white.
    """
    rows = []
    for cameras in episodes.values():
        for frames in cameras.values():
            shown = [np.asarray(frames[i]) for i in spread(len(frames), columns)]
            padded = [np.pad(f, ((0, gap), (0, gap), (0, 0)), constant_values=255) for f in shown]
            rows.append(np.concatenate(padded, axis=1))
        rows[-1] = np.pad(rows[-1], ((0, gap), (0, 0), (0, 0)), constant_values=255)
    width = max(row.shape[1] for row in rows)
    filled = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    return np.concatenate(filled, axis=0)
