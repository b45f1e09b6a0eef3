"""Frames of a video, by their number: what a LeRobotDataset's videos are read with."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations.formats.source import error_text
from policies.demonstrations.lerobot.episodes import VideoPart, check_file, state_of
from policies.demonstrations.lerobot.extra import video
from policies.errors import DemonstrationError

MOST_OPEN = 4
"""Videos that are open at once."""
Key = tuple[Path, int, int, int, int]
"""A file in its present state, in this process: one that was forked opens its own."""
_lock = threading.RLock()
_open: OrderedDict[Key, _Reader] = OrderedDict()


class VideoFrames:
    """Frames of one camera in one episode, decoded when they are asked for.

    Args:
        part: The episode's part of a video.
        length: Number of the episode's steps.
        size: Shape of a frame that is stated, ``(H, W, 3)``.
        fps: Rate of the dataset.
        camera: Name, for errors.

    Raises:
        DemonstrationError: The video is damaged, shorter than the episode, of another rate or size,
            or encoded by what cannot be decoded here.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self, part: VideoPart, length: int, size: tuple[int, ...], fps: float, camera: str
    ) -> None:
        self._file, self._camera = part.file, camera
        self.shape = (length, *size)
        with _lock:
            self._key, reader = _reader(part.file, camera)
            self._check_rate(reader, fps)
            self._begin = self._first(part, len(reader.times), fps)
            shown = reader.frame(self._begin).shape
        if shown != self.shape[1:]:
            raise DemonstrationError(
                f"frames of camera {camera} must have the shape {tuple(size)}, as meta/info.json "
                f"says. Got: {shown} in {part.file}."
            )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Decode frames.

        Raises:
            DemonstrationError: One cannot be decoded.
        """
        wanted = np.arange(len(self))[rows]
        with _lock:
            key, reader = _reader(self._file, self._camera)
            if key[1:4] != self._key[1:4]:
                raise DemonstrationError(
                    f"{self._file} must be as it was when it was opened. Somebody changed the "
                    "file; begin again."
                )
            if np.ndim(wanted) == 0:
                return reader.frame(self._begin + int(wanted))
            frames = [reader.frame(self._begin + int(step)) for step in wanted]
        return np.stack(frames) if frames else np.empty((0, *self.shape[1:]), np.uint8)

    def _check_rate(self, reader: _Reader, fps: float) -> None:
        times = reader.times
        if len(times) < 2:
            return
        steps = np.diff(times)
        if abs(steps - 1 / fps).max() > 0.5 / fps:
            worst = int(abs(steps - 1 / fps).argmax())
            raise DemonstrationError(
                f"frames of camera {self._camera} must be 1/{fps:g} s apart, as fps of "
                f"meta/info.json says. Got: {steps[worst]:.4f} s after frame {worst} of "
                f"{self._file}."
            )

    def _first(self, part: VideoPart, there: int, fps: float) -> int:
        """Return the number of the episode's first frame; a time is true to half a frame."""
        exact, length = part.begin * fps, len(self)
        begin = round(exact)
        if begin + length > there and abs(there - length - exact) <= 0.5:
            begin = there - length
        if begin + length > there:
            raise DemonstrationError(
                f"camera {self._camera} must have a frame for each of the {length} steps, from "
                f"{part.begin:g} s on. Got: {max(there - begin, 0)} of them; {part.file} has "
                f"{there} frames."
            )
        if part.end is not None and abs((part.end - part.begin) * fps - length) > 0.5:
            raise DemonstrationError(
                f"the part of the video of camera {self._camera} must be as long as the episode, "
                f"{length} frames. Got: {part.begin:g} to {part.end:g} s at {fps:g} frames per "
                "second."
            )
        return begin


class _Reader:
    """A video that is open, and the frame that comes next."""

    def __init__(self, path: Path, camera: str) -> None:
        self._path, self._camera = path, camera
        self.times, self._stamps = _stamps(path, path.stat().st_mtime_ns)
        self._container = video().open(str(path))
        self._stream = self._container.streams.video[0]
        self._frames: Any = iter(())
        self._next = -1

    def frame(self, number: int) -> np.ndarray:
        """Decode a frame. Shape ``(H, W, 3)``, uint8."""
        try:
            if not self._next <= number < self._next + 16 or self._next < 0:
                self._seek(number)
            stamp = int(self._stamps[number])
            for frame in self._frames:
                self._next += 1
                if frame.pts == stamp:
                    self._next = number + 1
                    return np.asarray(frame.to_ndarray(format="rgb24"))
                if frame.pts is not None and frame.pts > stamp:
                    break
        except (video().error.FFmpegError, ValueError) as error:
            self._next = -1
            raise _undecodable(self._path, self._camera, error_text(error)) from error
        self._next = -1
        raise _undecodable(self._path, self._camera, f"frame {number} is not to be had")

    def close(self) -> None:
        self._container.close()

    def _seek(self, number: int) -> None:
        self._container.seek(int(self._stamps[number]), stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)
        self._next = number


def _reader(path: Path, camera: str) -> tuple[Key, _Reader]:
    check_file(path)
    key = (path, *state_of(path), os.getpid())
    if key not in _open:
        while len(_open) >= MOST_OPEN:
            _open.popitem(last=False)[1].close()
        try:
            _open[key] = _Reader(path, camera)
        except (video().error.FFmpegError, ValueError, IndexError) as error:
            raise _undecodable(path, camera, error_text(error)) from error
    _open.move_to_end(key)
    return key, _open[key]


@lru_cache(maxsize=64)
def _stamps(path: Path, changed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return when each frame of a video is shown, in seconds from the first and as stored."""
    with video().open(str(path)) as container:
        stream = container.streams.video[0]
        found = [p.pts for p in container.demux(stream) if p.size and p.pts is not None]
        base = float(stream.time_base)
    stamps = np.array(sorted(found), np.int64)
    if not len(stamps):
        raise ValueError("it has no frames")
    return (stamps - stamps[0]) * base, stamps


def _undecodable(path: Path, camera: str, why: str) -> DemonstrationError:
    codec = "an unknown codec"
    try:
        with video().open(str(path)) as container:
            codec = container.streams.video[0].codec_context.name
    except (video().error.FFmpegError, ValueError, IndexError, AttributeError):
        pass
    return DemonstrationError(
        f"the video of camera {camera}, {path}, encoded by {codec}, must be one that PyAV "
        f"{video().__version__} decodes here: {why.rstrip('.')}. If it plays elsewhere, encode it "
        "again: ffmpeg -i OLD.mp4 -c:v libx264 -crf 18 NEW.mp4."
    )
