"""Addresses of policies from elsewhere: a table of prefixes, each with what loads its policies."""

from __future__ import annotations

import pkgutil
from typing import Any

PREFIXES = {"lerobot:": "policies.foreign.lerobot:load"}
"""Makers of generators by the prefix of an address: ``lerobot:outputs/train/checkpoints/last``."""


def is_address(name: str) -> bool:
    """Tell whether a policy's name is an address of one from elsewhere.

    >>> is_address("lerobot:lerobot/diffusion_pusht"), is_address("module:callable")
    (True, False)
    """
    return name.startswith(tuple(PREFIXES))


def load_generator(address: str) -> Any:
    """Load the generator at an address.

    Raises:
        CheckpointError: There is none, or it cannot be used.
        MissingExtraError: What it takes is not installed.
    """
    prefix = next(known for known in PREFIXES if address.startswith(known))
    load = pkgutil.resolve_name(PREFIXES[prefix])
    return load(address.removeprefix(prefix))
