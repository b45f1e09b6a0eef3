"""Policies that were trained elsewhere: the contract of a torch policy, and steering it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "ForeignGenerator": "policies.foreign.generator",
    "ForeignPolicy": "policies.foreign.policy",
    "fit_foreign_bottleneck": "policies.foreign.fitting",
    "load": "policies.foreign.stored",
    "save": "policies.foreign.stored",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name from its module the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'policies.foreign' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
