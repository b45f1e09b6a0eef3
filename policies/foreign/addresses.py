"""Addresses of policies from elsewhere: a table of prefixes, each with what loads its policies."""

from __future__ import annotations

import os
import pkgutil
import re
import sys
from typing import Any

from policies.errors import ConfigurationError

PREFIXES = {
    "lerobot:": "policies.foreign.lerobot:load",
    "served:": "policies.serve.client:connect",
    "python:": "policies.serve.process:start",
}
"""Makers of generators or policies by the prefix of an address: ``lerobot:outputs/last``, a folder
of LeRobot's; ``served:HOST:PORT``, of ``python -m policies.serve``; and
``python:INTERPRETER:POLICY``, which starts that."""


def is_address(name: str) -> bool:
    """Tell whether a policy's name is an address of one from elsewhere.

    >>> is_address("lerobot:lerobot/diffusion_pusht"), is_address("module:callable")
    (True, False)
    """
    return name.startswith(tuple(PREFIXES))


def in_interpreter(policy: str | None, python: str | None) -> str | None:
    """Return the address of a policy that is to live in another interpreter.

    Args:
        policy: Its name there.
        python: The interpreter, or None for this one.

    Raises:
        ConfigurationError: An interpreter is given and no policy, or one that is served already.

    >>> in_interpreter("lerobot:last", "/opt/lerobot/bin/python")
    'python:/opt/lerobot/bin/python:lerobot:last'
    """
    if python is None:
        return policy
    if policy is None or policy.startswith(("python:", "served:")):
        raise ConfigurationError(
            f"--policy-python must come with a --policy that is loaded there. Got: {policy}."
        )
    return f"python:{python}:{policy}"


def names_code(name: str) -> bool:
    """Tell whether a name is one of code, ``module:callable``, and no address.

    >>> names_code("my_lab:make_flow"), names_code("lerobot:last"), names_code("runs/base")
    (True, False, False)
    """
    return not is_address(name) and bool(re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", name))


def made_generator(name: str) -> Any:
    """Load the generator at an address, or call what ``module:callable`` names.

    The current folder can be imported from.

    Raises:
        ConfigurationError: The name leads nowhere.
    """
    if is_address(name):
        return load_generator(name)
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"A policy must be module:callable that can be imported from here. Got: {name} "
            f"({type(error).__name__}: {error})."
        ) from error
    if isinstance(found, type) or (callable(found) and not hasattr(found, "embed")):
        found = found()
    return getattr(found, "generator", found)  # of a ForeignPolicy, what it was made of


def load_generator(address: str) -> Any:
    """Load the generator at an address.

    Raises:
        CheckpointError: There is none, or it cannot be used.
        MissingExtraError: What it takes is not installed.
    """
    prefix = next(known for known in PREFIXES if address.startswith(known))
    load = pkgutil.resolve_name(PREFIXES[prefix])
    return load(address.removeprefix(prefix))
