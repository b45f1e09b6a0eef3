"""Small picture encoder, compiled for this machine and without torch.

A convolution is a matrix product per row of its output, small enough that BLAS starts no threads,
and the same for a frame alone and in a batch. All functions are in this file because numba compiles
one anew when its own file has changed, but not when that of another it calls has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from policies.compiling import compiled
from policies.pictures.config import SMALL_CHANNELS, SMALL_KERNELS, SMALL_STRIDES, EyesConfig

_compiled = partial(compiled, rounded=True)


class CompiledEyes:
    """Embeddings of all cameras' frames. A frame alone and in a batch gives the same to the bit.

    Args:
        eyes: Cameras and preprocessing; the encoder is the small one.
        weights: Tensors by their names in the checkpoint, float32; later changes of them do not
            reach this object.

    Raises:
        KeyError: If a tensor is missing.
        ValueError: If the tensors are of other sizes.
    """

    def __init__(self, eyes: EyesConfig, weights: Mapping[str, np.ndarray]) -> None:
        self._eyes, self._preprocessing = eyes, eyes.preprocessing
        scale, shift = self._preprocessing.affine()
        self._cameras = [
            _camera(f"encoder.cameras.{number}", weights, scale, shift)
            for number in range(len(eyes.cameras))
        ]

    def __call__(self, frames: Mapping[str, np.ndarray]) -> np.ndarray:
        """Embed frames, uint8 of shape ``(B, H, W, 3)`` each. Shape ``(B, n_cameras * 3 C)``."""
        seen = []
        for name, (layers, sharpness) in zip(self._eyes.cameras, self._cameras, strict=True):
            cropped = np.ascontiguousarray(self._preprocessing.crop(frames[name]))
            seen.append(_look(cropped, *layers, sharpness))
        return np.concatenate(seen, axis=1)


def _camera(
    name: str, weights: Mapping[str, np.ndarray], scale: np.ndarray, shift: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Lay out a camera's kernels as matrices, bytes' scale and shift folded into the first."""
    layers: list[np.ndarray] = []
    inputs: Sequence[int] = (3, *SMALL_CHANNELS)
    for i, (kernel, channels) in enumerate(zip(SMALL_KERNELS, SMALL_CHANNELS, strict=True)):
        weight = weights[f"{name}.layers.{i}.weight"].astype(np.float64)
        bias = weights[f"{name}.layers.{i}.bias"].astype(np.float64)
        due = (channels, inputs[i], kernel, kernel)
        if weight.shape != due or bias.shape != (channels,):
            raise ValueError(f"{name}.layers.{i} must have the shape {due}. Got: {weight.shape}.")
        if i == 0:
            bias = bias + np.einsum("oikl,i->o", weight, shift.astype(np.float64))
            weight = weight * scale.astype(np.float64)[:, None, None]
        matrix = weight.transpose(2, 3, 1, 0).reshape(-1, channels)
        layers += [np.ascontiguousarray(matrix, np.float32), bias.astype(np.float32)]
    sharpness = np.exp(weights[f"{name}.places.sharpness"].astype(np.float64)).astype(np.float32)
    if sharpness.shape != (SMALL_CHANNELS[-1],):
        raise ValueError(f"{name}.places.sharpness must be {SMALL_CHANNELS[-1]} numbers.")
    return layers, sharpness


_K0, _K1, _K2 = SMALL_KERNELS
_S0, _S1, _S2 = SMALL_STRIDES


@_compiled
def _look(
    frames: np.ndarray,
    first: np.ndarray,
    first_bias: np.ndarray,
    second: np.ndarray,
    second_bias: np.ndarray,
    third: np.ndarray,
    third_bias: np.ndarray,
    sharpness: np.ndarray,
) -> np.ndarray:
    """Embed one camera's frames, uint8. Shape ``(B, h, w, 3)`` to ``(B, 3 C)``."""
    seen = np.empty((len(frames), 3 * len(sharpness)), np.float32)
    for row in range(len(frames)):
        x = frames[row].astype(np.float32)
        x = _convolve(x, first, first_bias, _K0, _S0, True)
        x = _convolve(x, second, second_bias, _K1, _S1, True)
        x = _convolve(x, third, third_bias, _K2, _S2, False)
        _find(x, sharpness, seen[row])
    return seen


@_compiled
def _convolve(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, kernel: int, stride: int, relu: bool
) -> np.ndarray:
    """Convolve ``(h, w, inputs)`` by a matrix ``(kernel * kernel * inputs, outputs)``."""
    rows, columns = (x.shape[0] - kernel) // stride + 1, (x.shape[1] - kernel) // stride + 1
    inputs, outputs = x.shape[2], weight.shape[1]
    width, step = kernel * inputs, stride * inputs
    patches = np.empty((columns, kernel * width), np.float32)
    y = np.empty((rows, columns, outputs), np.float32)
    for i in range(rows):
        for k in range(kernel):
            line = x[i * stride + k].reshape(-1)
            for j in range(columns):
                patches[j, k * width : (k + 1) * width] = line[j * step : j * step + width]
        y[i] = np.dot(patches, weight)
        for j in range(columns):
            for o in range(outputs):
                value = y[i, j, o] + bias[o]
                y[i, j, o] = max(value, np.float32(0.0)) if relu else value
    return y


@_compiled
def _find(maps: np.ndarray, sharpness: np.ndarray, out: np.ndarray) -> None:
    """Write columns, rows and strengths of the soft maxima of ``(h, w, C)`` into ``(3 C,)``."""
    height, width, channels = maps.shape
    most = np.full(channels, -np.inf, np.float32)
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                most[c] = max(most[c], maps[i, j, c] * sharpness[c])
    total = np.zeros(channels, np.float32)
    out[:] = 0.0
    for i in range(height):
        y = np.float32(2.0 * i / (height - 1) - 1.0) if height > 1 else np.float32(-1.0)
        for j in range(width):
            x = np.float32(2.0 * j / (width - 1) - 1.0) if width > 1 else np.float32(-1.0)
            for c in range(channels):
                share = np.exp(maps[i, j, c] * sharpness[c] - most[c])
                total[c] += share
                out[c] += share * x
                out[channels + c] += share * y
                out[2 * channels + c] += share * maps[i, j, c]
    for c in range(channels):
        out[c] /= total[c]
        out[channels + c] /= total[c]
        out[2 * channels + c] /= total[c]
