"""Frames that are pictures in the rows of a LeRobotDataset, PNG mostly, decoded one at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from policies.demonstrations.formats.source import error_text
from policies.demonstrations.lerobot.episodes import check_file, state_of
from policies.demonstrations.lerobot.rows import RowFile
from policies.errors import DemonstrationError

MOST_HELD = 4
"""Episodes whose encoded pictures are held at once."""
_lock = threading.RLock()
_held: OrderedDict[tuple[object, ...], Any] = OrderedDict()


class PngFrames:
    """Frames of one camera in one episode, read by slices; encoded ones are held for a while.

    Args:
        file: Rows.
        column: Which column.
        rows: Which rows.
        size: Shape of a frame that is stated, ``(H, W, 3)``.
        folder: The dataset, in which pictures may be files of their own.
        camera: Name, for errors.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        file: RowFile,
        column: str,
        rows: slice,
        size: tuple[int, ...],
        folder: Path,
        camera: str,
    ) -> None:
        self._file, self._column, self._rows = file, column, rows
        self._folder, self._camera = folder, camera
        self.shape = (rows.stop - rows.start, *size)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Decode frames.

        Raises:
            DemonstrationError: A picture is missing, damaged, or of another size than is stated.
        """
        wanted = np.arange(len(self))[rows]
        if np.ndim(wanted) == 0:
            return self._decode(int(wanted))
        frames = [self._decode(int(step)) for step in wanted]
        return np.stack(frames) if frames else np.empty((0, *self.shape[1:]), np.uint8)

    def _decode(self, step: int) -> np.ndarray:
        from PIL import Image

        try:
            with Image.open(BytesIO(self._bytes(step))) as picture:
                if picture.mode not in ("RGB", "RGBA", "P"):
                    raise DemonstrationError(
                        f"frames of camera {self._camera} must be RGB. Got: {picture.mode} at "
                        f"step {step}."
                    )
                if (picture.height, picture.width) != self.shape[1:3]:  # before it is unpacked
                    height, width = self.shape[1:3]
                    raise DemonstrationError(
                        f"frames of camera {self._camera} must be {height} x {width} pixels, as "
                        f"meta/info.json says. Got: {picture.height} x {picture.width} at step "
                        f"{step}."
                    )
                return np.asarray(picture.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise DemonstrationError(
                f"the picture of camera {self._camera} at step {step} must be whole: "
                f"{error_text(error)}."
            ) from error

    def _bytes(self, step: int) -> bytes:
        self._file.check_unchanged()
        place = (str(self._file.path), self._column, self._rows.start)
        key: tuple[object, ...] = (*state_of(self._file.path), *place)
        with _lock:
            if key not in _held:
                _held[key] = self._file.read(self._column, self._rows)
                while len(_held) > MOST_HELD:
                    _held.popitem(last=False)
            _held.move_to_end(key)
            item = _held[key][step].as_py()
        if isinstance(item, bytes):
            return item
        item = item if isinstance(item, dict) else {}
        if item.get("bytes"):
            return bytes(item["bytes"])
        return self._file_bytes(str(item.get("path") or ""), step)

    def _file_bytes(self, path: str, step: int) -> bytes:
        """Read a picture that is a file in the dataset, and none elsewhere."""
        parts = PurePosixPath(path)
        if not path or parts.is_absolute() or ".." in parts.parts:
            raise DemonstrationError(
                f"the picture of camera {self._camera} at step {step} must lie in the dataset. "
                f"Got: {path[:120] or 'none'}."
            )
        check_file(self._folder / path)
        return (self._folder / path).read_bytes()
