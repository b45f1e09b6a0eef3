"""Save and load a replay buffer as tensors in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from stable_baselines3.common.buffers import ReplayBuffer

from zprl_env.files import RunFolderError, one_line

LINKS = ["following", "before", "versions", "ages"]
"""Arrays of a buffer whose rows come from many environments in any order."""


def save_replay(path: Path, buffer: ReplayBuffer) -> None:
    """Save the filled part of a replay buffer, and no more than that."""
    position = {"position": np.array([buffer.pos, buffer.full])}
    marks = {}
    if (marked := getattr(buffer, "marks", None)) is not None and marked.any():
        marks = {"marks": marked[: buffer.size()]}  # of people, of whom most runs know nothing
    save_file(_arrays(buffer) | marks | position, path)


def load_replay(path: Path, buffer: ReplayBuffer) -> None:
    """Load a file of :func:`save_replay` into a replay buffer of the same sizes.

    Raises:
        RunFolderError: The file is missing, damaged or of another configuration.
    """
    try:
        arrays = load_file(path)
        buffer.pos, buffer.full = map(int, arrays.pop("position"))
        views = _arrays(buffer)
        if "marks" in arrays and hasattr(buffer, "marks"):
            views["marks"] = buffer.marks[: buffer.size()]
        for name in views.keys() | arrays.keys():
            if views[name].shape != arrays[name].shape:
                raise ValueError(f"{name} of shape {arrays[name].shape}, not {views[name].shape}")
            views[name][:] = arrays[name]
    except Exception as error:  # what readers raise over a damaged file has no common kind
        raise RunFolderError(
            f"Expected a replay buffer of the run's configuration in {path}. "
            f"Got: {one_line(error)}."
        ) from error


def _arrays(buffer: ReplayBuffer) -> dict[str, np.ndarray]:
    """Return the filled part of a replay buffer: views, which can be written to."""
    names = ["observations", "next_observations", "actions", "rewards", "dones", "timeouts"]
    names += ["discounts"] if hasattr(buffer, "discounts") else []
    names += LINKS if hasattr(buffer, "following") else []
    names += ["succeeded"] if getattr(buffer, "success_share", 0.0) else []
    return {name: getattr(buffer, name)[: buffer.size()] for name in names}
