"""Rotations: quaternions, w first, and rotation vectors, axis times angle."""

from __future__ import annotations

import numpy as np

SMALL = 1e-12


def multiply(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the rotations that turn by ``second`` and then by ``first``.

    Args:
        first: Shape ``(..., 4)``.
        second: Shape ``(..., 4)``.

    Returns:
        Shape ``(..., 4)``.
    """
    w, v = first[..., :1], first[..., 1:]
    u, x = second[..., :1], second[..., 1:]
    scalar = w * u - np.sum(v * x, axis=-1, keepdims=True)
    return np.concatenate([scalar, w * x + u * v + _cross(v, x)], axis=-1)


def inverse(quaternions: np.ndarray) -> np.ndarray:
    """Return the inverse rotations. Shape ``(..., 4)``.

    >>> inverse(np.array([0.6, 0.8, 0.0, 0.0])).tolist()
    [0.6, -0.8, -0.0, -0.0]
    """
    return quaternions * np.array([1.0, -1.0, -1.0, -1.0])


def from_vector(vectors: np.ndarray) -> np.ndarray:
    """Return quaternions of rotation vectors.

    Args:
        vectors: Axis times angle [rad]. Shape ``(..., 3)``.

    Returns:
        Unit quaternions. Shape ``(..., 4)``.

    >>> from_vector(np.array([0.0, 0.0, np.pi])).round(6).tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    half = 0.5 * np.sqrt(np.sum(vectors * vectors, axis=-1, keepdims=True))
    # np.sinc(x) is sin(pi x) / (pi x), which is right at zero too.
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * vectors], axis=-1)


def to_vector(quaternions: np.ndarray) -> np.ndarray:
    """Return rotation vectors of at most half a turn.

    Args:
        quaternions: Of any length but zero. Shape ``(..., 4)``.

    Returns:
        Axis times angle [rad]. Shape ``(..., 3)``.

    >>> to_vector(np.array([0.0, 0.0, 2.0, 0.0])).round(4).tolist()
    [0.0, 3.1416, 0.0]
    """
    signs = np.where(quaternions[..., :1] < 0.0, -1.0, 1.0)
    w, v = signs * quaternions[..., :1], signs * quaternions[..., 1:]
    sine = np.sqrt(np.sum(v * v, axis=-1, keepdims=True))
    angle = 2.0 * np.arctan2(sine, w)
    # Below this the sine is the half angle, times the quaternion's length.
    factor = np.where(sine > SMALL, angle / np.maximum(sine, SMALL), 2.0 / np.maximum(w, SMALL))
    return factor * v


def rows(quaternions: np.ndarray) -> np.ndarray:
    """Return the first two rows of the rotation matrices (Zhou et al. 2019).

    Args:
        quaternions: Unit quaternions. Shape ``(..., 4)``.

    Returns:
        Shape ``(..., 6)``.

    >>> rows(np.array([0.0, 1.0, 0.0, 0.0])).tolist()
    [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
    """
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    first = (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y))
    second = (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x))
    return np.stack([*first, *second], axis=-1)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return cross products, quicker than numpy's on a few vectors. Shape ``(..., 3)``."""
    return a[..., [1, 2, 0]] * b[..., [2, 0, 1]] - a[..., [2, 0, 1]] * b[..., [1, 2, 0]]
