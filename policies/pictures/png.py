"""Frames as small PNG texts: a reference of how each camera saw, kept in a checkpoint."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.errors import CheckpointError
from policies.pictures.settings import MOST_PIXELS

_MOST = 2**22


def encode_frames(frames: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return frames, uint8 of shape ``(H, W, 3)``, as base64 texts of PNGs by camera.

    >>> frame = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> bool((decode_frames(encode_frames({"front": frame}))["front"] == frame).all())
    True
    """
    from PIL import Image

    found = {}
    for name, frame in frames.items():
        file = io.BytesIO()
        Image.fromarray(np.asarray(frame)).save(file, "PNG", optimize=True)
        found[name] = base64.b64encode(file.getvalue()).decode()
    return found


def decode_frames(texts: Any) -> dict[str, np.ndarray]:
    """Return the frames of base64 texts of PNGs, of any origin.

    Raises:
        CheckpointError: They are none.
    """
    from PIL import Image

    if not isinstance(texts, Mapping):
        raise CheckpointError(f"reference frames must be PNGs by camera. Got: {str(texts)[:80]}.")
    found = {}
    for name, text in texts.items():
        try:
            if not isinstance(text, str) or len(text) > _MOST:
                raise ValueError("no text, or too long a one")
            file = io.BytesIO(base64.b64decode(text, validate=True))
            with Image.open(file, formats=["PNG"]) as image:
                if max(image.size) > MOST_PIXELS:
                    raise ValueError(f"{image.size} pixels")
                found[str(name)] = np.array(image.convert("RGB"))
        except (ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise CheckpointError(
                f"the reference frame of camera {str(name)[:80]} must be a PNG: {str(error)[:120]}."
            ) from error
    return found
