"""Pages that the sources write: marks in a page are replaced while the site is built.

``<!-- generated: examples -->`` becomes every script of ``examples/``: its docstring as prose and
its code. ``<!-- generated: api PACKAGE -->`` becomes every public name of a package.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
PACKAGES = ("zprl_env", "policies", "real")
"""Packages with a page of their own; what two of them have is described with the first."""
MARK = re.compile(r"^<!-- generated: (\w+) ?(\S*) -->$", flags=re.MULTILINE)


def examples(_: str = "") -> str:
    """Every example as a section: title and prose of its docstring, then its code."""
    return "\n\n".join(map(example, sorted((ROOT / "examples").glob("[0-9]*.py"))))


def example(path: Path) -> str:
    """One example as a section.

    Args:
        path: A script whose docstring is Markdown: a title, an empty line, prose.

    Returns:
        MyST Markdown.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, _, prose = (ast.get_docstring(tree) or path.stem).partition("\n")
    end = tree.body[0].end_lineno or 0
    code = "\n".join(source.splitlines()[end:]).strip()
    return (
        f"({path.stem.replace('_', '-')})=\n## {title.rstrip('.')}\n\n{prose.strip()}\n\n"
        f"`examples/{path.name}`:\n\n```py\n{code}\n```"
    )


def api(package: str) -> str:
    """Every public name of a package, as autodoc directives.

    What a package hands on from another one that has a page is described there alone.
    """
    module = import_module(package)
    before = map(import_module, PACKAGES[: PACKAGES.index(package)])
    elsewhere = [getattr(other, name) for other in before for name in public(other)]
    names = [
        name
        for name in public(module)
        if not any(getattr(module, name) is found for found in elsewhere)
    ]
    kinds = {name: _kind(getattr(module, name)) for name in names}
    if not names:
        return ""
    listed = "\n".join(f"   {name}" for name in names)
    parts = [f".. currentmodule:: {package}", f".. autosummary::\n\n{listed}"]
    parts += [f".. {kinds[name]}:: {package}.{name}" + _options(kinds[name]) for name in names]
    return "```{eval-rst}\n" + "\n\n".join(parts) + "\n```"


def public(module: ModuleType) -> list[str]:
    """Names that a package says are public, in order."""
    return sorted(getattr(module, "__all__", []))


def _kind(found: Any) -> str:
    if inspect.isclass(found):
        return "autoexception" if issubclass(found, BaseException) else "autoclass"
    return "autofunction" if callable(found) else "autodata"


def _options(kind: str) -> str:
    return "\n   :members:" if kind in ("autoclass", "autoexception") else ""


WRITERS: dict[str, Callable[[str], str]] = {"examples": examples, "api": api}
"""Functions that write the text for each mark."""


def replace_marks(app: Sphinx, page: str, source: list[str]) -> None:
    """Sphinx's ``source-read``: write what a page's marks ask for."""
    source[0] = MARK.sub(lambda mark: WRITERS[mark[1]](mark[2]), source[0])


def keep_sentence(
    app: object, what: str, name: str, found: Any, options: Any, lines: list[str]
) -> None:
    """Autodoc's ``autodoc-process-docstring``, after napoleon: what stood before a colon stays.

    Napoleon takes that for an attribute's type. Here types are annotations.
    """
    if what not in ("attribute", "property", "data"):
        return
    for number, line in enumerate(lines):
        if line.startswith(":type: "):
            lines[0] = f"{line.removeprefix(':type: ')}: {lines[0]}"
            del lines[number]
            return


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", replace_marks)
    app.connect("autodoc-process-docstring", keep_sentence, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
