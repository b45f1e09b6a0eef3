"""Tensor file of a checkpoint (safetensors): its header, its arrays, their hash, whether finite."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from policies.checkpoints.plain_json import parse_json, shown
from policies.errors import CheckpointError

_MOST_HEADER = 4 * 2**20
FLOAT32 = "F32"
"""safetensors' name of the type that a policy of this project's has its tensors in."""


class Stored(NamedTuple):
    """Type and shape of a tensor, as a file's header says them."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"

    @classmethod
    def of(cls, array: np.ndarray) -> Stored:
        """Describe an array as the header of its file would."""
        kinds = {"f": "F", "i": "I", "u": "U", "b": "BOOL", "c": "C"}
        kind = kinds.get(array.dtype.kind, array.dtype.kind)
        bits = "" if kind == "BOOL" else 8 * array.dtype.itemsize
        return cls(f"{kind}{bits}", array.shape)


def arrays_hash(arrays: Mapping[str, np.ndarray]) -> str:
    """Compute the SHA-256 over names, types, shapes and bytes of arrays.

    >>> arrays_hash({"a": np.zeros(1), "b": np.ones(1)})[:8]
    '5047e15a'
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_header(path: Path) -> dict[str, Stored]:
    """Read which tensors a safetensors file holds, and nothing of them.

    Raises:
        CheckpointError: The file is missing or not a complete one.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length <= min(size, _MOST_HEADER) else b""
    except OSError as error:
        raise _incomplete(path, error) from error
    if len(text) != length or size < 8 + length:
        raise _incomplete(path, f"its header of {length:,} bytes is not all there")
    header = parse_json(text, f"the header of {path}", _MOST_HEADER)
    try:
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        found = {name: _entry(entry) for name, entry in entries.items()}
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise _incomplete(path, "its header is not safetensors'") from error
    if size != 8 + length + end:
        raise _incomplete(path, f"it must have {8 + length + end:,} bytes and has {size:,}")
    return found


def _entry(entry: Mapping[str, Any]) -> Stored:
    shape = tuple(entry["shape"])
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{shape} is no shape")
    return Stored(str(entry["dtype"]), shape)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a safetensors file.

    Raises:
        CheckpointError: If it is missing or not a complete one.
    """
    try:
        return safetensors.numpy.load(path.read_bytes())
    except KeyError as error:
        raise CheckpointError(f"{path} must hold numpy's types. Got: {error}.") from error
    except (OSError, SafetensorError, TypeError, ValueError, MemoryError) as error:
        raise _incomplete(path, error) from error


def _incomplete(path: Path, reason: object) -> CheckpointError:
    return CheckpointError(
        f"{path} must be a complete safetensors file: {' '.join(str(reason).split())}. "
        f"Copy it again."
    )


def check_shapes(
    must: Mapping[str, tuple[int, ...]],
    got: Mapping[str, Stored],
    path: Path,
    unknown: re.Pattern[str] | None = None,
) -> None:
    """Check that a file holds the float32 tensors that its description asks for, and no others.

    Args:
        must: Shapes by name.
        got: What the file holds.
        path: The file, for the error.
        unknown: Names whose shapes nobody knows who has not their code.

    Raises:
        CheckpointError: A tensor is missing, unknown, or of another shape or type.
    """
    for name in sorted({*must, *got}):
        if unknown is not None and name not in must and unknown.fullmatch(name):
            continue
        due = Stored(FLOAT32, must[name]) if name in must else None
        if due != got.get(name):
            raise CheckpointError(
                f"{shown(name)} in {path} must be {due or 'absent'} by its description. "
                f"Got: {got.get(name, 'absent')}."
            )


def check_finite(arrays: Mapping[str, np.ndarray], path: Path, *, infinite: bool = False) -> None:
    """Refuse tensors with NaN or infinity in them.

    Args:
        arrays: The tensors.
        path: The file, for the error.
        infinite: Whether infinity is allowed, as in a mask or a bound.

    Raises:
        CheckpointError: One is not finite.
    """
    for name, array in arrays.items():
        if array.dtype.kind not in "fc":
            continue
        bad = np.isnan(array) if infinite else ~np.isfinite(array)
        if bad.any():
            raise CheckpointError(
                f"{shown(name)} in {path} must be {'numbers' if infinite else 'finite'}. Got NaN"
                f"{'' if infinite else ' or infinity'} in {int(bad.sum()):,} of {bad.size:,} "
                f"places. The file is damaged or its training diverged; take another one."
            )
