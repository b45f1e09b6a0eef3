"""Hardware and package versions that a figure was measured with."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "gymnasium",
    "gymnasium_robotics",
    "metaworld",
    "mujoco",
    "numpy",
    "onnxruntime",
    "robosuite",
    "sbx_rl",
    "stable_baselines3",
    "torch",
)
"""Distributions, by the names they are installed under."""


def machine() -> dict[str, Any]:
    """Describe processor, system, load of the last minute, and the packages that matter."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **_versions(),
    }


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
