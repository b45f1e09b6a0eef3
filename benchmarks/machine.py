"""Where a figure was measured, and with what."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from importlib.util import find_spec
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
    "sbx",
    "stable_baselines3",
    "torch",
)


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
        **{name: version(name) for name in PACKAGES if find_spec(name)},
    }
