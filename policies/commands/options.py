"""Options of a command line, as the dataclass that tyro reads them into says them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints


class Option(NamedTuple):
    """One option: its flags, such as ``--video`` and ``--no-video``, and the words it takes."""

    flags: tuple[str, ...]
    choices: tuple[str, ...] = ()
    """Words it takes; empty if it takes others as well."""
    positional: bool = False
    switch: bool = False
    """Whether it takes no word at all."""


def subcommands(settings: Any) -> dict[str, type]:
    """Return the dataclasses of a union by the names of their subcommands; none of a dataclass.

    >>> subcommands(int)
    {}
    """
    found = {}
    for one in get_args(settings) if _is_union(settings) else ():
        kind, extras = _bare(one)
        named = [extra.name for extra in extras if getattr(extra, "name", None)]
        found[named[0] if named else kind.__name__.lower()] = kind
    return found


def options(settings: type, prefix: str = "") -> Iterator[Option]:
    """Yield the options of a dataclass, those of dataclasses in it included.

    Args:
        settings: The dataclass.
        prefix: What stands before its fields' names in flags.
    """
    hints = get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        kind, extras = _bare(hints[field.name])
        if not field.init or any("Suppress" in str(extra) for extra in extras):
            continue
        name = field.name.replace("_", "-")
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            silent = any(getattr(extra, "name", None) == "" for extra in extras)
            yield from options(kind, prefix if silent else f"{prefix}{name}.")
            continue
        positional = any("Positional" in str(extra) for extra in extras)
        aliases = [a for extra in extras for a in getattr(extra, "aliases", None) or ()]
        flags = [f"--{prefix}{name}", *aliases]
        if kind is bool and not any("FlagCreatePairsOff" in str(extra) for extra in extras):
            flags.append(f"--{prefix}no-{name}")
        yield Option(() if positional else tuple(flags), _choices(kind), positional, kind is bool)


def _bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without its annotations, and these."""
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        return kind, tuple(extras)
    return hint, ()


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def _choices(kind: Any) -> tuple[str, ...]:
    """Return the words that a type takes: those of a Literal, or of None and a Literal."""
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    if _is_union(kind):
        others = [one for one in get_args(kind) if one is not type(None)]
        return (*_choices(others[0]), "None") if len(others) == 1 and _choices(others[0]) else ()
    return ()
