"""JSON that came from somewhere else: bounded in size and depth, every name once, finite numbers.

Python's own reader takes ``NaN``, the last of two equal names, and whatever depth its stack bears.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from textwrap import shorten
from typing import Any, NoReturn

from policies.errors import CheckpointError

MOST_BYTES, MOST_DEPTH = 16 * 2**20, 100
"""Largest document that is read, and how deep its lists and objects may lie in each other."""


def read_json(path: str | os.PathLike[str], most: int = MOST_BYTES) -> Any:
    """Read a JSON file of any origin, within bounds.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        CheckpointError: It cannot be read, is too large, or is no plain JSON.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CheckpointError(f"{path} must be readable JSON: {error}.") from error
    return parse_json(content, str(path), most)


def parse_json(content: bytes, source: str, most: int = MOST_BYTES) -> Any:
    """Parse JSON of any origin, within bounds.

    Args:
        content: The document, UTF-8.
        source: What errors call it.
        most: Bytes that it may have.

    Raises:
        CheckpointError: It is too large, or no plain JSON: too deep, a name twice in one object,
            NaN or infinity, half a character.

    >>> parse_json(b'{"a": [1, 2.5, null]}', "it")
    {'a': [1, 2.5, None]}
    >>> parse_json(b'{"a": NaN}', "it")
    Traceback (most recent call last):
    policies.errors.CheckpointError: it must be readable JSON: NaN is no number of JSON's.
    """
    if len(content) > most:
        raise CheckpointError(
            f"{source} must be readable JSON of at most {most:,} bytes. Got: more. It is damaged "
            f"or no file of this project's."
        )
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        _check(found)
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else shorten(str(error), 200)
        raise CheckpointError(f"{source} must be readable JSON: {reason.rstrip('.')}.") from None
    return found


def shown(value: object) -> str:
    """Show a value of a file in an error: in one line and not too long.

    >>> shown("a" * 200)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    if isinstance(value, list | dict | tuple) and len(value) > 20:
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, str) and len(value) > 80:
        value = value[:80]
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:76]}..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown(twice)} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is beyond any number's range")
    return number


def _check(found: Any) -> None:
    """Check depth, and that every text can be written again; not recursively."""
    level = [found]
    for _ in range(MOST_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, str):
                value.encode("utf-8")
            elif isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
        if not inner:
            return
        level = inner
    raise ValueError(f"more than {MOST_DEPTH} lists and objects in each other")
