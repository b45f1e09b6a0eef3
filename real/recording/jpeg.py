"""JPEG of pictures that are shown to people; what is learned from is never stored so."""

from __future__ import annotations

import io

import numpy as np

QUALITY = 80
"""Quality of the pictures, in JPEG's percents."""


def jpeg(picture: np.ndarray) -> bytes:
    """Return a picture as JPEG. Shape ``(H, W, 3)``, uint8.

    >>> jpeg(np.zeros((8, 8, 3), np.uint8))[:2].hex()
    'ffd8'
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
