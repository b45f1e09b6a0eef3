"""Preprocessing of frames: crop, and bytes to normalised floats, the same for all who show them.

One object is saved with a policy and used in training, by every engine and by whoever serves it, so
that nothing is cropped or scaled in two ways.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.errors import ConfigurationError
from policies.pictures.checks import check, is_number

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of colours that networks pretrained on ImageNet expect."""
_LEAST = 0.5
"""Share of a frame's area that a crop keeps, below which there is a warning."""


class SmallCropWarning(UserWarning):
    """Warning of a crop that throws away most of a frame."""


@dataclass(frozen=True)
class Preprocessing:
    """Centre crop, and bytes to floats with zero mean and unit deviation, channels first.

    Attributes:
        image_size: Height and width of a frame [pixels].
        crop_size: Height and width of what is kept of it [pixels].
        mean: Colour that becomes zero, of red, green and blue in [0, 1].
        std: Deviation that becomes one.

    Raises:
        ConfigurationError: A value is impossible.

    Example:
        >>> prepare = Preprocessing((84, 84), (76, 76))
        >>> prepare(np.full((1, 84, 84, 3), 255, np.uint8)).shape
        (1, 3, 76, 76)
    """

    image_size: tuple[int, int]
    crop_size: tuple[int, int]
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        for name in ("image_size", "crop_size"):
            size = getattr(self, name)
            fits = isinstance(size, tuple) and len(size) == 2
            fits = fits and all(type(side) is int and 0 < side <= 4096 for side in size)
            check(name, size, fits, "height and width in pixels, 1 to 4096")
        inside = all(c <= i for c, i in zip(self.crop_size, self.image_size, strict=True))
        check("crop_size", self.crop_size, inside, f"within the frame, {self.image_size}")
        for name in ("mean", "std"):
            values = getattr(self, name)
            fits = isinstance(values, tuple) and len(values) == 3 and all(map(is_number, values))
            check(name, values, fits, "a number for red, green and blue")
        check("std", self.std, all(value > 0 for value in self.std), "above 0")

    @property
    def kept(self) -> float:
        """Share of a frame's area that the crop keeps."""
        return float(np.prod(self.crop_size) / np.prod(self.image_size))

    @property
    def margins(self) -> tuple[int, int]:
        """Rows and columns that a crop leaves out, above and below, left and right together."""
        (height, width), (rows, columns) = self.image_size, self.crop_size
        return height - rows, width - columns

    def warn(self) -> None:
        """Warn if the crop throws away most of a frame."""
        if self.kept < _LEAST:
            warnings.warn(
                f"a crop should keep at least {_LEAST:.0%} of a frame. Got {self.kept:.0%}: "
                f"{self.crop_size} of {self.image_size}. Give a larger --crop, or smaller frames.",
                SmallCropWarning,
                stacklevel=3,
            )

    def crop(self, frames: Any) -> Any:
        """Cut out the centre of frames, arrays or tensors; frames of the crop's size stay.

        Args:
            frames: Shape ``(B, H, W, 3)``.

        Returns:
            A view of shape ``(B, h, w, 3)``.
        """
        if tuple(frames.shape[1:3]) == self.crop_size:
            return frames
        if tuple(frames.shape[1:3]) != self.image_size:
            raise ConfigurationError(
                f"frames must have {self.image_size} pixels. Got: {tuple(frames.shape[1:3])}."
            )
        rows, columns = self.crop_size
        top, left = (margin // 2 for margin in self.margins)
        return frames[:, top : top + rows, left : left + columns]

    def random_crops(
        self, frames: Sequence[np.ndarray] | np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Cut a piece out of every frame, each at a place of its own.

        Args:
            frames: Of shape ``(H, W, 3)`` each.
            rng: Source of randomness.

        Returns:
            Shape ``(B, h, w, 3)``, uint8.
        """
        rows, columns = self.crop_size
        below, beside = self.margins
        tops = rng.integers(below + 1, size=len(frames))
        lefts = rng.integers(beside + 1, size=len(frames))
        out = np.empty((len(frames), rows, columns, 3), np.uint8)
        for i, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
            out[i] = frames[i][top : top + rows, left : left + columns]
        return out

    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """Return scale and shift, float32, that turn bytes into what a network takes."""
        std = np.array(self.std, np.float64)
        scale = 1.0 / (255.0 * std)
        shift = -np.array(self.mean, np.float64) / std
        return scale.astype(np.float32), shift.astype(np.float32)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Prepare frames, uint8 of shape ``(B, H, W, 3)``, as float32 ``(B, 3, h, w)``."""
        scale, shift = self.affine()
        floats = self.crop(frames).astype(np.float32) * scale + shift
        return np.ascontiguousarray(np.moveaxis(floats, -1, 1))
