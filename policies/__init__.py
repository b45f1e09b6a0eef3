"""Imitation-trained robot policies with a steerable latent.

This package knows no environment: arrays and files in, arrays and files out. Public names are
loaded on first use, so that ``import policies`` costs no torch import.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "CheckpointError": "policies.errors",
    "DemonstrationError": "policies.errors",
    "MissingExtraError": "policies.errors",
    "PolicyMismatchError": "policies.errors",
    "ZprlError": "policies.errors",
    "Encoding": "policies.encoding",
    "ConfigurationError": "policies.errors",
    "ChunkDataset": "policies.imitation.dataset",
    "chunk_windows": "policies.imitation.dataset",
    "Demonstrations": "policies.demonstrations",
    "DemonstrationWriter": "policies.demonstrations",
    "Trajectory": "policies.demonstrations.trajectory",
    "FrozenPolicy": "policies.frozen",
    "CompiledPolicy": "policies.compiled_policy",
    "NumpyPolicy": "policies.compiled_policy",  # its name until 0.1
    "PretrainConfig": "policies.imitation.config",
    "VibFlow": "policies.model.vib_flow",
    "VibFlowConfig": "policies.model.config",
    "load_policy": "policies.checkpoints.classes",
    "save_checkpoint": "policies.checkpoints.contents",
    "vib_loss": "policies.model.vib_flow",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name from its module the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'policies' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
