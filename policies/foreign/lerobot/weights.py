"""Weights of a LeRobot policy: ``model.safetensors``, loaded strictly into its own class."""

from __future__ import annotations

import re
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from policies.checkpoints.tensor_file import read_header
from policies.errors import CheckpointError

WEIGHTS_FILE = "model.safetensors"
PICKLES = ("pytorch_model.bin", "model.pt", "model.pth", "model.ckpt")
"""Files that would have to be unpickled; never opened."""
_BUFFER = re.compile(
    r"(?:normalize_inputs|unnormalize_outputs|normalize_targets)\.buffer_(\w+)\.(\w+)"
)
_COMPILED = "._orig_mod"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        CheckpointError: It is missing or not a complete one.
    """
    read_header(path)
    try:
        found: dict[str, Tensor] = safetensors.torch.load_file(path)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} must be a complete safetensors file: {error}.") from error
    return found


def read_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """Read a policy's weights, apart from the statistics that old ones keep among them.

    Args:
        folder: The checkpoint.

    Returns:
        Weights by name, and statistics by the feature's flattened name.

    Raises:
        CheckpointError: The file is missing or damaged, or two copies of statistics differ.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        pickles = [name for name in PICKLES if (folder / name).exists()]
        raise CheckpointError(
            f"{folder} must hold {WEIGHTS_FILE}. Got: {', '.join(pickles) or 'none'}. "
            "Pickles are not opened: load it in LeRobot and save_pretrained it."
        )
    weights: dict[str, Tensor] = {}
    buffers: dict[str, dict[str, Tensor]] = {}
    for name, value in read_tensors(path).items():
        buffer = _BUFFER.fullmatch(name)
        if buffer is None:
            weights[name.replace(_COMPILED, "")] = value
            continue
        feature, statistic = buffer.groups()
        known = buffers.setdefault(feature, {})
        if statistic in known and not torch.equal(known[statistic], value):
            raise CheckpointError(
                f"{statistic} of {feature} in {path} must be one. Got: two that differ."
            )
        known[statistic] = value
    return weights, buffers


def load_weights(policy: torch.nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Load weights strictly: every parameter and buffer, of its shape, and nothing else.

    A tensor may be missing only where it is tied to one that is there, which safetensors stores
    once.

    Args:
        policy: The module, changed.
        weights: By name.
        path: Their file, for errors.

    Raises:
        CheckpointError: Names or shapes differ, or a weight is not finite.
    """
    due = policy.state_dict()
    tied = {name: _place(value) for name, value in due.items()}
    there = {tied[name] for name in weights if name in tied}
    missing = [n for n in due if n not in weights and tied[n] not in there]
    strange = [name for name in weights if name not in due]
    if missing or strange:
        raise CheckpointError(
            f"{path} must hold the weights of {type(policy).__name__}, all {len(due)} and no "
            f"others. Missing: {_some(missing)}. Unknown: {_some(strange)}. It was written by "
            "another version of LeRobot or transformers, or config.json is not its own."
        )
    for name, value in weights.items():
        if value.shape != due[name].shape:
            raise CheckpointError(
                f"{name} in {path} must have shape {tuple(due[name].shape)} by config.json. "
                f"Got: {tuple(value.shape)}."
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CheckpointError(
                f"{name} in {path} must be finite. Got NaN or infinity. Its training diverged; "
                "take an earlier checkpoint."
            )
    policy.load_state_dict(weights, strict=False)


def _place(value: Tensor) -> tuple[int, tuple[int, ...]]:
    return value.data_ptr(), tuple(value.shape)


def _some(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + more) or "none"
