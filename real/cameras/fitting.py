"""Fitting of a camera's picture to what is observed: turned, cropped and scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zprl_env.errors import ConfigurationError

TURNS = (0, 90, 180, 270)
"""Turns of a camera that is not mounted upright [degrees], clockwise."""


@dataclass(frozen=True)
class Fitting:
    """Turn, crop and area-scale of a camera's pictures, the same for all who see them.

    Attributes:
        image_size: Height and width of what comes out [pixels]; as they are if None.
        crop: Top, left, height and width of what is kept, after turning [pixels]; the largest piece
            in the middle that has the shape of ``image_size`` if None.
        turn: By how much a picture is turned clockwise, one of `TURNS` [degrees].

    Raises:
        ConfigurationError: A value is impossible.

    Example:
        >>> Fitting((84, 84))(np.zeros((480, 640, 3), np.uint8)).shape
        (84, 84, 3)
    """

    image_size: tuple[int, int] | None = None
    crop: tuple[int, int, int, int] | None = None
    turn: int = 0

    def __post_init__(self) -> None:
        crop = self.crop
        if crop is not None:
            fits = isinstance(crop, list | tuple) and len(crop) == 4
            fits = fits and all(type(n) is int and n >= 0 for n in crop) and min(crop[2:]) > 0
            if not fits:
                raise ConfigurationError(
                    f"crop must be top, left, height and width in pixels. Got: {crop!r}. Try "
                    "[0, 80, 480, 480]."
                )
            object.__setattr__(self, "crop", tuple(crop))
        if self.turn not in TURNS:
            raise ConfigurationError(f"turn must be one of {TURNS} degrees. Got: {self.turn!r}.")

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Return a picture as it is observed.

        Args:
            picture: Shape ``(H, W, 3)``, uint8.

        Raises:
            ConfigurationError: The crop reaches beyond it.
        """
        if self.turn:
            picture = np.rot90(picture, -self.turn // 90)
        top, left, height, width = self._kept(picture.shape)
        size = self.image_size or (height, width)
        if (height, width) == size:
            return np.ascontiguousarray(picture[top : top + height, left : left + width])
        from PIL import Image

        image = Image.fromarray(np.ascontiguousarray(picture))
        box = (left, top, left + width, top + height)
        larger = size[0] > height or size[1] > width
        how = Image.Resampling.BILINEAR if larger else Image.Resampling.BOX
        return np.asarray(image.resize((size[1], size[0]), how, box=box))

    def __str__(self) -> str:
        parts = [f"turned {self.turn}"] * bool(self.turn)
        parts += [f"crop {' '.join(map(str, self.crop))}"] if self.crop else []
        return ", ".join(parts)

    def _kept(self, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        rows, columns = shape[:2]
        if self.crop is not None:
            top, left, height, width = self.crop
            if top + height > rows or left + width > columns:
                raise ConfigurationError(
                    f"crop must lie within the camera's {rows} x {columns} pixels. Got: "
                    f"{[*self.crop]}."
                )
            return self.crop
        if self.image_size is None:
            return 0, 0, rows, columns
        share = min(rows / self.image_size[0], columns / self.image_size[1])
        height = min(rows, round(share * self.image_size[0]))
        width = min(columns, round(share * self.image_size[1]))
        return (rows - height) // 2, (columns - width) // 2, height, width


def side_by_side(views: Sequence[np.ndarray]) -> np.ndarray:
    """Put pictures side by side, those that are lower on black.

    >>> side_by_side([np.ones((2, 2, 3)), np.ones((4, 3, 3))]).shape
    (4, 5, 3)
    """
    height = max(len(view) for view in views)
    rows = [((0, height - len(view)), (0, 0), (0, 0)) for view in views]
    return np.concatenate([np.pad(v, r) for v, r in zip(views, rows, strict=True)], axis=1)
