"""Help page of a command: what tyro writes, wrapped to the terminal, with examples at its end."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_BOX = "╭│╰"
NARROWEST = 40
"""Columns below which nothing is made to fit."""


class Page(io.StringIO):
    """A text that is written as if to stdout: with its encoding, and in colours if it has some."""

    @property
    def encoding(self) -> Any:  # type: ignore[override]
        """Encoding of stdout, which decides how tyro draws its boxes."""
        return getattr(sys.__stdout__, "encoding", "utf-8")

    def isatty(self) -> bool:
        """Tell whether stdout is a terminal."""
        return sys.__stdout__ is not None and sys.__stdout__.isatty()


def columns() -> int:
    """Return the width that there is to write in."""
    return max(NARROWEST, shutil.get_terminal_size().columns)


def at_terminal(text: str, stream: Any) -> str:
    """Wrap a text between words if it is for a terminal; elsewhere it stays in one line.

    What reads it there may search in it.
    """
    return "\n".join(fold(text, columns())) if stream.isatty() else text


def wrapped(text: str, width: int) -> Iterator[str]:
    """Wrap what is outside of boxes, which fit already; no word is broken.

    >>> list(wrapped("usage: zprl envs [-h] [--suite NAME]", 24))
    ['usage: zprl envs [-h]', '       [--suite NAME]']
    """
    for line in text.splitlines():
        plain = _ANSI.sub("", line).rstrip()
        if plain[:1] not in _BOX:
            line, plain = line.replace("``", ""), plain.replace("``", "")
        if len(plain) <= width or plain[0] in _BOX:
            yield line.rstrip()
            continue
        start = len("usage: ") if plain.startswith("usage: ") else 0
        yield from fold(plain, width, " " * start)


def fold(text: str, width: int, indent: str = "") -> list[str]:
    """Wrap one paragraph without breaking words, not even at their hyphens.

    >>> fold("zprl-env steers", 9)
    ['zprl-env', 'steers']
    """
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def examples(prog: str, lines: Sequence[str], width: int) -> Iterator[str]:
    r"""Write examples as they can be pasted into a shell, long ones over several lines.

    Args:
        prog: The command.
        lines: Its arguments, one example a string; after a ``#`` what it does.
        width: Columns.

    >>> list(examples("zprl envs", ["--suite adroit  # the hands"], 40))
    ['', 'examples:', '  # the hands', '  zprl envs --suite adroit']
    """
    if lines:
        yield from ("", "examples:")
    for line in lines:
        arguments, _, why = line.partition("#")
        if why:
            yield from fold(f"  # {why.strip()}", width, "  # ")
        yield from _command([*shlex.split(prog), *shlex.split(arguments)], width)


def _command(words: Sequence[str], width: int) -> Iterator[str]:
    parts: list[str] = []
    for word in map(shlex.quote, words):
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and word[0] != "-":
            parts[-1] += f" {word}"  # a flag stays with its value
        else:
            parts.append(word)
    line = " "
    for part in parts:
        if len(line) + 1 + len(part) > width - 2:
            yield f"{line} \\"
            line = "     "
        line += f" {part}"
    yield line
