"""Recording episodes on a robot: journal, HDF5 files in robomimic's layout, reading them back."""

from __future__ import annotations

from typing import Any

__all__ = ["EpisodeRecorder"]


def __getattr__(name: str) -> Any:
    if name == "EpisodeRecorder":  # which knows presets, as the control loop's recorder does not
        from real.recording.writer import EpisodeRecorder

        return EpisodeRecorder
    raise AttributeError(f"module 'real.recording' has no attribute {name!r}")
