"""Versions of the libraries that the outcome of a fit, or an answer of a policy, depends on."""

from __future__ import annotations

import platform
from importlib import metadata as packages

NAMES = ("torch", "numpy", "safetensors", "lerobot", "diffusers", "transformers")


def versions() -> dict[str, str]:
    """Return the versions of Python and of those libraries that are installed.

    >>> versions().keys() >= {"numpy", "python", "safetensors", "torch"}
    True
    """
    found = {"python": platform.python_version()}
    for name in NAMES:
        try:
            found[name] = packages.version(name)
        except packages.PackageNotFoundError:
            continue
    return found
