"""Reading what the documentation says can be typed: its pages, snippets and commands.

How a page marks them:

- A block of ``python`` is run, after those before it on its page and in their names. If its first
  line is ``# NAME.py`` it is also a file in the folder that the page runs in.
- A block of ``py`` is compiled and not run; the line before it says why: ``<!-- not run: WHY -->``.
- A block of ``bash`` has commands, which have to exist with every flag they are given.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.helpers.warm import run_warm

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = (README, *sorted(DOCS.rglob("*.md")))
FENCE = re.compile(r"^( *)(`{3,}|:{3,})(\S*)[^\n]*\n(.*?)^\1\2 *$", flags=re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`((?:python|zprl|make|pip) [^`]+)`(?!`)")
STARTS = ("python ", "zprl ", "make ", "pip ")


class Block(NamedTuple):
    """A fenced block of a page, its language, and the line before it."""

    language: str
    text: str
    before: str


def page_name(path: Path) -> str:
    """A page's path in the repository, which names a test."""
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        before = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        found.append(Block(match[3], match[4], before))
    return found


def snippets(path: Path) -> list[str]:
    """What a page has of Python that is to be run."""
    return [block.text for block in blocks(path) if block.language == "python"]


def commands(path: Path) -> list[str]:
    """Every command of a page: in bash blocks, indented blocks and between backticks."""
    lines = [line for b in blocks(path) if b.language == "bash" for line in b.text.splitlines()]
    outside = FENCE.sub("", path.read_text(encoding="utf-8"))
    lines += re.findall(r"^ {4}(.*)$", outside, flags=re.MULTILINE)
    lines += [line.replace("\n", " ") for line in INLINE.findall(outside)]
    stripped = (line.partition("  #")[0].strip() for line in lines)
    return [line for line in stripped if line.startswith(STARTS)]


class Command(NamedTuple):
    """A command taken apart.

    Attributes:
        words: What explains itself by ``--help``: ``("-m", "zprl_env.hub")``.
        verb: What follows if it is no flag: ``"push"``, or empty.
        flags: Long flags that it is given.
    """

    words: tuple[str, ...]
    verb: str
    flags: tuple[str, ...]


def parsed(command: str) -> Command:
    """Take a command of Python or of ``zprl`` apart."""
    words = shlex.split(command)
    flags = tuple(word.partition("=")[0] for word in words if word.startswith("--"))
    if words[0] == "zprl":
        words = ["python", "-m", "zprl_env", *words[1:]]
    size = 3 if words[1] == "-m" else 2
    rest = [*words[size:], ""]
    return Command(tuple(words[1:size]), "" if rest[0].startswith("-") else rest[0], flags)


@cache
def explained(words: tuple[str, ...]) -> str:
    """What a command's ``--help`` says; it is run once.

    Raises:
        AssertionError: There is no such command.
    """
    done = run_warm(*words, "--help", cwd=ROOT, environment={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, (words, done.stderr)
    assert "usage" in done.stdout.lower(), words
    return done.stdout


def figures_per_100_words(path: Path) -> float:
    """Numbers of a page per hundred words; tables and code, fenced or indented, do not count."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if not line.startswith(("|", "    "))]
    running = "\n".join(lines)
    return 100 * len(re.findall(r"\b\d+(?:[.,]\d+)*\b", running)) / len(running.split())


def table_rows(text: str) -> list[int]:
    """Rows of each table of a page, its heading left out."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [len(table.splitlines()) - 2 for table in tables]
