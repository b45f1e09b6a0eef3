"""Batch of observations of a policy that sees, checked: frames by camera, and proprioception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.errors import PolicyMismatchError
from policies.finite import all_finite
from policies.pictures.config import EyesConfig
from policies.pictures.settings import STATE

Batch = Mapping[str, np.ndarray]
"""``{"state": (B, P) float32, "<camera>": (B, H, W, 3) uint8}``, without state if P is 0."""


def check_batch(observations: Any, eyes: EyesConfig, state_dim: int) -> dict[str, np.ndarray]:
    """Check observations, and return copies of those that the policy sees, in its order.

    Args:
        observations: What it is to be shown; other cameras are left out.
        eyes: Its cameras and their frames' size.
        state_dim: Size of its proprioception, P.

    Raises:
        PolicyMismatchError: Something is missing, or of another shape, type or batch size.
    """
    names = [*([STATE] if state_dim else []), *eyes.cameras]
    if not isinstance(observations, Mapping):
        got = f"an array of shape {np.shape(observations)}"
        raise PolicyMismatchError(
            f"this policy sees: observations must be a mapping with {names}. Got: {got}. Make the "
            f"environment with cameras={eyes.cameras}."
        )
    missing = [name for name in names if name not in observations]
    if missing:
        raise PolicyMismatchError(
            f"observations must have {names}. Got: {[*observations]}. Make the environment with "
            f"cameras={eyes.cameras}."
        )
    found: dict[str, np.ndarray] = {}
    if state_dim:
        found[STATE] = _state(observations[STATE], state_dim)
    for name in eyes.cameras:
        found[name] = _frames(name, observations[name], eyes.image_size)
    sizes = {name: len(values) for name, values in found.items()}
    if len({*sizes.values()}) > 1:
        raise PolicyMismatchError(f"observations must have one batch size. Got: {sizes}.")
    return found


def _state(values: Any, size: int) -> np.ndarray:
    array = np.array(values, dtype=np.float32, order="C")
    if array.ndim != 2 or array.shape[1] != size:
        raise PolicyMismatchError(
            f"{STATE} must have the shape (B, {size}) this policy was trained with. "
            f"Got: {array.shape}."
        )
    if not all_finite(array):
        row = int(np.argwhere(~np.isfinite(array))[0, 0])
        raise PolicyMismatchError(f"{STATE} must be finite. Got NaN or infinity in row {row}.")
    return array


def _frames(name: str, values: Any, size: tuple[int, int]) -> np.ndarray:
    array = np.asarray(values)
    problem = frame_problem(array.shape, array.dtype, size)
    if problem:
        raise PolicyMismatchError(f"frames of camera {name} {problem}")
    return np.ascontiguousarray(array)


def frame_problem(
    shape: tuple[int, ...], dtype: np.dtype, size: tuple[int, int] | None = None
) -> str:
    """Say why an array is no sequence of frames, with both sides; empty if it is one.

    >>> frame_problem((5, 3, 84, 84), np.dtype("u1"))[:46]
    'must have the shape (N, H, W, 3). Got: (5, 3, '
    """
    wide = "H, W" if size is None else ", ".join(map(str, size))
    must = f"must have the shape (N, {wide}, 3). Got: {tuple(shape)}"
    if len(shape) != 4:
        return f"{must}."
    if shape[3] != 3 and shape[1] == 3:
        return f"{must}, channels first. Move them last: numpy.moveaxis(frames, 1, -1)."
    if shape[3] != 3:
        what = {1: "grey or depth", 4: "with an alpha channel"}.get(shape[3], "no colours")
        return f"{must}, {what}. Convert them to RGB."
    if dtype != np.uint8:
        return f"must be uint8, 0 to 255. Got: {dtype}. Convert them; 0 to 1 becomes 0 to 255."
    if size is not None and tuple(shape[1:3]) != size:
        return f"{must}. The environment must draw them as the policy's were, image_size={size}."
    return ""
