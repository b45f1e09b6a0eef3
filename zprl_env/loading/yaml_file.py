"""YAML that came from somewhere else: size, depth and aliases bounded before anything is built.

The C parser recurses, so that enough brackets end the whole process; and aliases of aliases make a
few lines billions of values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from zprl_env.errors import ConfigurationError

MOST_BYTES, MOST_DEPTH, MOST_VALUES = 2**18, 30, 10_000
"""Largest file, deepest nesting, and most values with aliases written out."""


def read_yaml(path: Path, source: str, hint: str = "") -> Any:
    """Read a YAML file of plain values.

    Args:
        path: The file.
        source: What errors call it and what it must be, such as ``"A preset"``.
        hint: What to try, for the errors.

    Raises:
        ConfigurationError: It cannot be read, is too large or deep, or is not YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{source} must be a readable file. Got: {path}: {error}. {hint}".strip()
        ) from None
    if len(content) > MOST_BYTES:
        raise ConfigurationError(
            f"{source} must have at most {MOST_BYTES:,} bytes. Got: {path}, which has more. "
            f"{hint}".strip()
        )
    try:
        _check(text)
        # The same safe loader in C, where PyYAML has it: ten times as fast.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigurationError(f"{source} must be YAML. Got: {path}: {reason}.") from None


class _Open(NamedTuple):
    """A list or mapping that has not ended yet."""

    anchor: str | None
    before: int
    keys: set[str] | None
    """Keys of a mapping so far; None of a list."""


def _check(text: str) -> None:
    """Count depth and values by the parser's events, which neither recurse nor build anything.

    Raises:
        yaml.YAMLError: It is no YAML.
        ValueError: It is too deep, says a name twice, or is too many values with its aliases
            written out.
    """
    values, sizes, stack = 0, dict[str, int](), list[_Open]()
    nodes = [0]
    """How many nodes each open collection has: in a mapping, every second one is a key."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):  # the one in C recurses here already
        if isinstance(event, yaml.CollectionEndEvent):
            ended = stack.pop()
            nodes.pop()
            if ended.anchor is not None:
                sizes[ended.anchor] = values - ended.before
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"*{event.anchor} stands in what it names, or before it")
            values += sizes[event.anchor] - 1
        elif isinstance(event, yaml.ScalarEvent):
            keys = stack[-1].keys if stack else None
            if keys is not None and nodes[-1] % 2 == 0:
                if event.value in keys:
                    raise ValueError(f"{event.value[:40]!r} stands twice in one mapping")
                keys.add(event.value)
            if event.anchor is not None:
                sizes[event.anchor] = 1
        nodes[-1] += 1
        if isinstance(event, yaml.CollectionStartEvent):
            keys = set() if isinstance(event, yaml.MappingStartEvent) else None
            stack.append(_Open(event.anchor, values, keys))
            nodes.append(0)
        values += 1
        if len(stack) > MOST_DEPTH:
            raise ValueError(f"more than {MOST_DEPTH} lists and mappings in each other")
        if values > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} values, its aliases written out")
