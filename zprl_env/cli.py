"""Command lines: NAME=VALUE settings, errors in one line, exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

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
    130, as shells expect of a program stopped by Ctrl-C. That nobody reads what it says any more
    (``| head -1``, ``>&-``, a full disk below a log) ends no command.

    Args:
        main: The command, taking its arguments from the command line.

    Raises:
        SystemExit: With code 2 after a ``ZprlError``, 130 after an interruption.
    """
    with unheard():
        try:
            main()
        except ZprlError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise SystemExit(130) from None


@contextmanager
def unheard() -> Iterator[None]:
    """Let a program go on when its standard output or its standard error is closed or full."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        pass  # a file that took the number of a closed one would get what is printed
    os.close(descriptor)
    before = sys.stdout, sys.stderr
    # With >&- there is none at all.
    streams = [stream or open(os.devnull, "w", encoding="utf-8") for stream in before]  # noqa: SIM115
    sys.stdout, sys.stderr = (cast(TextIO, _Unheard(stream)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


class _Unheard:
    """A stream that throws away what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # the latter of a stream that was closed here
            self._silence()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._silence()

    def _silence(self) -> None:
        """Lead it to nowhere, so that what is still in its buffer fails no more, at exit either."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
