"""Command lines: NAME=VALUE settings, errors in one line, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from policies.errors import ZprlError


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


def prog(module: str) -> str:
    """Name a command whose file is ``__main__.py``, for its help.

    Args:
        module: What ``python -m`` runs it by.

    >>> prog("zprl_env.doctor")
    'python -m zprl_env.doctor'
    """
    return sys.argv[0] if sys.argv[0].startswith("zprl ") else f"python -m {module}"


def run(main: Callable[[], object]) -> None:
    """Call ``main``; tell an error that the user can act on in one line and exit with 2.

    Any other exception is a defect of ours and keeps its traceback. An interruption exits with
    130, as shells expect of a program stopped by Ctrl-C.

    Args:
        main: The command, taking its arguments from the command line.

    Raises:
        SystemExit: With code 2 after a ``ZprlError``, 130 after an interruption.
    """
    try:
        main()
    except ZprlError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
