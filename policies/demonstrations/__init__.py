"""Demonstrations: read, write, convert and summarise them; robomimic's HDF5 and Minari."""

from __future__ import annotations

from policies.demonstrations.content_hash import content_hash, verify_content
from policies.demonstrations.demonstrations import MINARI, Demonstrations
from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter

__all__ = [
    "MINARI",
    "DemonstrationWriter",
    "Demonstrations",
    "Trajectory",
    "content_hash",
    "verify_content",
]
