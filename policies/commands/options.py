"""Options of a command line, as the dataclass that tyro reads them into says them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints


class Option(NamedTuple):
    """One option: its flags, such as ``--video`` and ``--no-video``, and the words it takes.

    Attributes:
        name: Its field's name.
        flags: What it is called by on a command line; nothing if it is positional.
        kinds: What a word of it may be besides the choices: ``int``, ``float`` or, for anything,
            ``str``.
        choices: Words that it takes; all of them if there are no kinds.
        positional: Whether it is told by its place.
        switch: Whether it takes no word at all.
        many: Whether it takes several words.
        required: Whether it must be given.
    """

    name: str
    flags: tuple[str, ...] = ()
    kinds: tuple[type, ...] = ()
    choices: tuple[str, ...] = ()
    positional: bool = False
    switch: bool = False
    many: bool = False
    required: bool = False


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
        many = get_origin(kind) is tuple
        kinds, choices = _words(get_args(kind)[0] if many else kind)
        yield Option(
            field.name,
            () if positional else tuple(flags),
            kinds,
            choices,
            positional=positional,
            switch=kind is bool,
            many=many,
            required=field.default is field.default_factory is dataclasses.MISSING,
        )


def _bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without its annotations, and these."""
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        return kind, tuple(extras)
    return hint, ()


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def _words(kind: Any) -> tuple[tuple[type, ...], tuple[str, ...]]:
    """Return what a word of a type may be, and the words of its Literals and of None."""
    if get_origin(kind) is Literal:
        return (), tuple(map(str, get_args(kind)))
    if kind is type(None):
        return (), ("None",)
    if _is_union(kind):
        parts = [_words(one) for one in get_args(kind)]
        return sum((part[0] for part in parts), ()), sum((part[1] for part in parts), ())
    return (kind if kind in (int, float) else str,), ()
