"""Video of a camera's frames, encoded for a LeRobotDataset; its codec is tried out beforehand."""

from __future__ import annotations

import os
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations.formats.source import error_text
from policies.demonstrations.lerobot.extra import video
from policies.errors import DemonstrationError

CODECS = {
    "h264": ("libx264", {"crf": "18", "g": "2"}),
    "av1": ("libsvtav1", {"crf": "30", "g": "2", "preset": "12"}),
}
"""Encoders by the codec's name, with LeRobot's distance of key frames."""
PIXELS = "yuv420p"
"""Pixels as nearly every player knows them: a colour for four pixels."""


class VideoWriter:
    """A video that frames are added to.

    Args:
        file: Where to, or memory.
        codec: Name in `CODECS`.
        size: Height and width.
        fps: Frames per second.
    """

    def __init__(self, file: Path | BytesIO, codec: str, size: tuple[int, int], fps: float) -> None:
        encoder, options = CODECS[codec]
        os.environ.setdefault("SVT_LOG", "1")  # else its encoder prints its settings each time
        where = file if isinstance(file, BytesIO) else str(file)
        self._container = video().open(where, "w", format="mp4")
        rate = Fraction(fps).limit_denominator(100_000)
        self._stream: Any = self._container.add_stream(encoder, rate=rate, options=options)
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = PIXELS
        self.frames = 0

    def add(self, frames: np.ndarray) -> None:
        """Add frames. Shape ``(n, H, W, 3)``, uint8."""
        for frame in frames:
            shown = video().VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            shown.pts = self.frames
            shown.time_base = 1 / self._stream.codec_context.framerate
            self._container.mux(self._stream.encode(shown))
            self.frames += 1

    def close(self) -> None:
        """Write what is still in the encoder, and the end of the file."""
        self._container.mux(self._stream.encode())
        self._container.close()


def probe_codec(codec: str, size: tuple[int, int], fps: float) -> None:
    """Encode a frame and decode it again, before anything is written.

    A codec that is listed need not be one that can be loaded, and not every codec takes every size.

    Raises:
        DemonstrationError: It cannot be done.
    """
    if codec not in CODECS:
        raise DemonstrationError(
            f"pictures must be png or one of {', '.join(CODECS)}. Got: {codec}."
        )
    frame, memory = np.full((1, *size, 3), 127, np.uint8), BytesIO()
    av = video()
    try:
        writer = VideoWriter(memory, codec, size, fps)
        writer.add(frame)
        writer.close()
        memory.seek(0)
        with av.open(memory) as container:
            shown = next(container.decode(container.streams.video[0]))
            if shown.to_ndarray(format="rgb24").shape != frame.shape[1:]:
                raise ValueError("it comes back in another size")
    except (av.error.FFmpegError, OSError, ValueError, StopIteration) as error:
        height, width = size
        raise DemonstrationError(
            f"the codec {codec} must encode and decode frames of {height} x {width} pixels with "
            f"PyAV {av.__version__}. Got: {error_text(error)}. Try --pictures png, which keeps "
            "every bit, or another codec; most take even sizes alone, from 64 x 64 on."
        ) from error
