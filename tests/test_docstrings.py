"""A docstring's first line says what the thing is, in words that a reader searches for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("policies", "zprl_env", "real", "benchmarks", "docs", "examples", "train_sb3.py")

RIDDLE = re.compile(
    r"(What|Who|Whom|Whose|Which|How|Where|When|Why|Whatever|Whoever|Wherever|Whether"
    r"|(No|Any|Some|Every)(body|one|thing))\b"
)
"""First words that ask or hide, where a noun or a verb would name the thing."""
HIDING = re.compile(r"\b(dice|nobody|anybody|somebody|everybody)\b", re.IGNORECASE)
"""Words for a random generator and for a person that no reader searches for."""
PROPERTIES = {"property", "cached_property"}

Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def text_of(node: ast.stmt) -> str | None:
    """Return the text of a statement that is nothing but a string."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value if isinstance(node.value.value, str) else None
    return None


def is_public(node: ast.AST) -> bool:
    """Tell whether a definition or an assignment has a name without an underscore, or a dunder."""
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            name = node.name
        case ast.AnnAssign():
            name = ast.unparse(node.target)
        case ast.Assign():
            name = ast.unparse(node.targets[0])
        case _:
            return False
    return not name.startswith("_") or name.endswith("__")


def is_property(node: Definition) -> bool:
    """Tell whether a definition is read like an attribute."""
    decorators = [] if isinstance(node, ast.Module) else node.decorator_list
    return any(ast.unparse(decorator) in PROPERTIES for decorator in decorators)


def first_lines(node: Definition) -> Iterator[tuple[int, str, bool]]:
    """Yield line number, first line and kind of every public docstring from here on.

    The kind is true for whatever is read like a value: properties, fields and constants.
    """
    for before, statement in zip([None, *node.body], node.body, strict=False):
        if text := text_of(statement):
            first = text.strip().split("\n")[0]
            if before is None:
                yield statement.lineno, first, is_property(node)
            elif is_public(before):
                yield statement.lineno, first, True
        elif isinstance(statement, Definition) and is_public(statement):
            yield from first_lines(statement)


def riddles(source: str) -> list[tuple[int, str]]:
    """Find the first lines that do not name the thing, with their line numbers.

    ``Whether`` may begin a property, a field or a constant, which it describes: "Whether the
    episode is over". A function tells it.
    """
    return [
        (number, first)
        for number, first, is_value in first_lines(ast.parse(source))
        if HIDING.search(first)
        or (RIDDLE.match(first) and not (is_value and first.startswith("Whether ")))
    ]


def test_the_first_line_of_every_docstring_names_the_thing():
    """No module, class, function, field or constant of the project begins with a riddle."""
    places = [ROOT / name for name in SOURCES]
    files = [
        file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])
    ]
    assert len(files) > 250
    found = [
        f"{file.relative_to(ROOT)}:{number}: {first}"
        for file in sorted(files)
        for number, first in riddles(file.read_text("utf-8"))
    ]
    assert not found, "name the thing (noun) or the deed (verb) first:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        '"""What a run keeps."""',
        'class Place:\n    """Where environments are."""',
        'def done():\n    """Whether the episode is over."""',
        'def draw():\n    """Throw the dice of the environment."""',
        'LIMIT = 3\n"""How far somebody goes."""',
        'class Config:\n    name: str\n    """Whose robot."""',
        'class Buffer:\n    def __call__(self):\n        """Everything, as JSON."""',
    ],
)
def test_a_riddle_is_found(source):
    """Modules, classes, functions, constants, fields and methods are looked at."""
    assert len(riddles(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""Replay buffer with n-step targets: what was seen, who acted."""',
        'class Run:\n    @property\n    def done(self):\n        """Whether the run is over."""',
        'class Step:\n    success: bool\n    """Whether the task is done."""',
        'def _private():\n    """What the public function above returns."""',
        '"""Restore the random generators.\n\nWhat follows is no first line.\n"""',
    ],
)
def test_a_name_is_not(source):
    """Words further on, private helpers and what describes a value are left alone."""
    assert riddles(source) == []
