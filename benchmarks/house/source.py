"""Source files of a checkout, read by ``ast``: sizes, functions, docstrings, mirrored tests."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from zprl_env.errors import ZprlError

PACKAGES = ("policies", "zprl_env", "real")
"""Packages that the figures are about, from the bottom to the top."""
ROOT_MODULE = "train_sb3"
"""The composition root, above all packages."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """A source file.

    Attributes:
        path: Relative to the checkout.
        lines: How many.
        tree: What it says.
    """

    path: Path
    lines: int
    tree: ast.Module


@dataclass(frozen=True)
class Checkout:
    """A checkout of this project, of any age.

    Args:
        root: Its folder.
    """

    root: Path

    def __post_init__(self) -> None:
        if not any((self.root / package).is_dir() for package in PACKAGES):
            raise ZprlError(
                f"Expected a checkout of this project, with {', '.join(PACKAGES)} in it. "
                f"Got: {self.root}."
            )

    @cached_property
    def modules(self) -> dict[str, Module]:
        """The packages' modules and the composition root, by dotted name."""
        paths = [path for package in PACKAGES for path in (self.root / package).rglob("*.py")]
        paths += [path for path in [self.root / f"{ROOT_MODULE}.py"] if path.exists()]
        found = {}
        for path in sorted(paths):
            short, text = path.relative_to(self.root), path.read_text(encoding="utf-8")
            name = ".".join(short.with_suffix("").parts).removesuffix(".__init__")
            found[name] = Module(short, len(text.splitlines()), ast.parse(text))
        return found

    def largest_folder(self, package: str) -> tuple[int, str]:
        """Count the Python files side by side in a package's largest folder, and name it.

        ``__init__.py`` is among them.
        """
        paths = (self.root / package).rglob("*.py")
        folders = Counter(str(path.parent.relative_to(self.root)) for path in paths)
        return max(((count, folder) for folder, count in folders.items()), default=(0, package))

    def functions(self) -> list[tuple[int, str]]:
        """List lines and name of all functions, the longest first."""
        found = [
            (node.end_lineno - node.lineno + 1, f"{node.name} ({module.path.name})")
            for module in self.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, Function) and node.end_lineno is not None
        ]
        return sorted(found, reverse=True)

    def documented(self) -> tuple[int, int]:
        """Count public modules, classes and functions that have a docstring, and all of them."""
        public = [node for one in self.modules.values() for node in _public(one.tree)]
        return sum(ast.get_docstring(node) is not None for node in public), len(public)

    def mirrored(self, package: str) -> tuple[int, int]:
        """Count a package's files that ``tests`` mirrors, and all of them.

        The mirror of ``real/motion/loop.py`` is ``tests/real/motion/test_loop.py``. A package's
        ``__init__.py`` and ``__main__.py`` need none.
        """
        paths = (path.relative_to(self.root) for path in (self.root / package).rglob("*.py"))
        files = [path for path in paths if path.name not in ("__init__.py", "__main__.py")]
        mirrors = (self.root / "tests" / path.parent / f"test_{path.name}" for path in files)
        return sum(mirror.exists() for mirror in mirrors), len(files)

    def test_lines(self) -> int:
        """Count the lines of everything in ``tests``."""
        paths = (self.root / "tests").rglob("*.py")
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def _public(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield a module or class and its definitions that have no underscore in front."""
    yield tree
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from _public(node)
            else:
                yield node
