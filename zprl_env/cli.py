"""Command lines: NAME=VALUE settings, and how every command is read, run and ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from policies.commands.checking import check_words
from policies.commands.parsing import parse
from policies.commands.parsing import program as prog
from policies.commands.running import run
from policies.errors import ZprlError

__all__ = ["check_words", "parse", "prog", "run", "settings"]


def settings(words: Sequence[str]) -> dict[str, Any]:
    """Parse NAME=VALUE settings, where values are JSON or else words.

    Args:
        words: What the command line says.

    Returns:
        Values by name.

    Raises:
        ZprlError: A word has no name. It is no ``ValueError``: of those, tyro draws a box.

    >>> settings(["driver=serl", "timeout=0.5", "realtime=true"])
    {'driver': 'serl', 'timeout': 0.5, 'realtime': True}
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise ZprlError(f"A setting must be NAME=VALUE. Got: {word!r}.")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
