"""Import an object by its name, ``"module:attribute"``: a user's own environment, policy or class.

Importing runs code. So names of code are followed where the user gives them, on the command line or
in a call, and never where a file says them that came from somewhere else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from os import PathLike
from types import ModuleType
from typing import Any

from policies.foreign.addresses import is_address
from zprl_env.errors import ConfigurationError, UnknownNameError

HUB = "hf://"
"""Prefix of a repository's name on the Hugging Face hub."""
SEPARATOR = ":"
"""Separator between the module and the object in it."""


def names_code(spec: object) -> bool:
    r"""Tell whether a value is the name of an object in a module, ``"module:attribute"``.

    A path on Windows, a hub's ``hf://user/repo``, gymnasium's ``package:Id-v0`` and the address of
    a policy from elsewhere are none.

    >>> names_code("my_robot:make_env"), names_code("lab.envs:Reach.easy"), names_code("Lift")
    (True, True, False)
    >>> names_code("hf://user/repo"), names_code("package:Id-v0"), names_code(r"C:\policies")
    (False, False, False)
    >>> names_code("lerobot:my_policy")
    False
    """
    if not isinstance(spec, str) or is_address(spec):
        return False
    module, separator, attribute = spec.partition(SEPARATOR)
    return bool(separator) and all(map(_dotted, (module, attribute)))


def names_folder(spec: object) -> bool:
    """Tell whether a policy's name is one of a folder: a path, or a task that has a shipped one.

    >>> names_folder("Lift"), names_folder("runs/base"), names_folder("my_robot:make_policy")
    (True, True, False)
    >>> names_folder("hf://user/repo"), names_folder("lerobot:outputs/last")
    (False, False)
    """
    if not isinstance(spec, str):
        return isinstance(spec, PathLike)
    return not (names_code(spec) or is_address(spec) or spec.startswith(HUB))


def load_object(spec: str, kind: str) -> Any:
    """Import the object that ``"module:attribute"`` names.

    The current folder can be imported from, as with ``python -m``, but what is installed comes
    first. An exception that the user's module raises keeps its traceback.

    Args:
        spec: The module's dotted name, a colon, and the object's name in it.
        kind: What it should be, for the errors, e.g. ``"environment"``.

    Returns:
        The object.

    Raises:
        ConfigurationError: It is no such name, or there is no such module.
        UnknownNameError: The module has no such object.

    >>> load_object("math:tau", "number")
    6.283185307179586
    >>> load_object("math:tua", "number")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown number of the module math 'tua'; did you mean 'tau'...
    """
    if not names_code(spec):
        raise ConfigurationError(
            f'A name of code for the {kind} must be "module:attribute", such as "my_module:make", '
            f"without .py and slashes. Got: {spec!r}."
        )
    name, _, path = spec.partition(SEPARATOR)
    found: Any = import_for(name, spec, kind)
    for attribute in path.split("."):
        if not hasattr(found, attribute):
            where = getattr(found, "__name__", type(found).__name__)
            kinds = "module" if found is sys.modules.get(name) else "class"
            known = [other for other in dir(found) if not other.startswith("_")]
            raise UnknownNameError(f"{kind} of the {kinds} {where}", attribute, known)
        found = getattr(found, attribute)
    return found


def import_for(name: str, spec: str, kind: str) -> ModuleType:
    """Import the module that a name of code begins with, from the current folder as well.

    Args:
        name: The module's dotted name.
        spec: The whole name that the user gave, for the errors.
        kind: What it should be, for the errors.

    Raises:
        ConfigurationError: There is no such module, or it needs one that is not installed.
    """
    if not _dotted(name):
        raise ConfigurationError(
            f"The {kind} {spec!r} must begin with a module's name, such as my_module, before the "
            f"colon. Got: {name!r}."
        )
    here = os.getcwd()
    if "" not in sys.path and here not in sys.path:
        # A console script's and a worker process's path begin elsewhere. At the end, so that no
        # file of this folder takes the place of an installed module.
        sys.path.append(here)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"The {kind} {spec!r} is in a module that imports {error.name}, which is not "
                f"installed. Install it into this Python: {sys.executable}."
            ) from error
        hint = f"Write {name[:-3]} without .py. " if name.endswith(".py") else ""
        raise ConfigurationError(
            f"The {kind} {spec!r} must be in a module that can be imported. Got: no module named "
            f"{error.name!r}. {hint}Run from the folder that holds it ({here} was looked in), or "
            "install it."
        ) from None


def _dotted(name: str) -> bool:
    return bool(name) and all(part.isidentifier() for part in name.split("."))


def refuse_code(
    content: Mapping[str, object],
    source: str | os.PathLike[str],
    *,
    trust: bool,
    given: Iterable[str] = (),
) -> None:
    """Refuse names of code and addresses that stand in a file, unless its reader trusts it.

    Args:
        content: What the file says: environment, policy, lists of ``NAME=VALUE`` and the like.
        source: The file, for the error.
        trust: Whether the user said that its word may be followed.
        given: What the user has said themselves, on the command line, and may so be followed.

    Raises:
        ConfigurationError: Something in it would import code, fetch something or connect to
            something, and the file is not trusted.

    >>> refuse_code({"env": "Lift", "policy": "Lift"}, "config.json", trust=False)
    >>> refuse_code({"env_kwargs": ["driver=os:system"]}, "config.json", trust=False)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: config.json names code to import: env_kwargs driver=os:s...
    >>> refuse_code({"policy": "hf://user/repo"}, "config.json", trust=False)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: config.json names an address to fetch from or connect to:...
    """
    said = set(given)
    named = [
        (name, word)
        for name, value in content.items()
        for word in (value if isinstance(value, list | tuple) else [value])
        if isinstance(word, str) and word not in said
    ]
    faults = []
    kinds = {"code to import": _imports, "an address to fetch from or connect to": _calls}
    for what, test in kinds.items():
        found = [f"{name} {word}" for name, word in named if any(map(test, _words(word)))]
        faults += [f"{what}: {', '.join(found)}"] if found else []
    if faults and not trust:
        raise ConfigurationError(
            f"{source} names {' and '.join(faults)}. If you know where the file comes from, add "
            "--trust, or say the same yourself on the command line."
        )


def _words(said: str) -> Iterator[str]:
    """Read the words of a value, or of a setting ``NAME=VALUE`` as it will be read: as JSON."""
    name, equals, setting = said.partition("=")
    value: object = said
    if equals and name.isidentifier():
        yield setting
        with suppress(ValueError, RecursionError):
            value = json.loads(setting)
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            yield one


def _imports(word: str) -> bool:
    """Tell whether a word would import code: ``module:attribute`` or ``package:Id-v0``."""
    module, separator, rest = word.strip().strip('"').partition(SEPARATOR)
    return bool(separator) and _dotted(module.strip()) and not rest.startswith("//")


def _calls(word: str) -> bool:
    """Tell whether a word is an address: ``hf://user/repo``, ``http://host``."""
    return "://" in word
