"""Versions of the libraries that the outcome of a fit depends on."""

from __future__ import annotations

import platform
from importlib import metadata as packages


def versions() -> dict[str, str]:
    """Return the versions of Python and the libraries that the outcome of a fit depends on.

    >>> sorted(versions())
    ['numpy', 'python', 'safetensors', 'torch']
    """
    names = ("torch", "numpy", "safetensors")
    return {
        "python": platform.python_version(),
        **{name: packages.version(name) for name in names},
    }
