"""Import graph of a checkout: arrows between rooms, circles, imports that point upwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from benchmarks.house.source import PACKAGES, ROOT_MODULE, Checkout

Graph = Mapping[str, set[str]]
"""By module, the project's modules that it imports, in functions and for the type checker too."""


def graph(checkout: Checkout) -> Graph:
    """Read the imports of every module."""
    names = checkout.modules.keys()
    return {
        name: {*_imported(module.tree)} & names - {name}
        for name, module in checkout.modules.items()
    }


def arrows(links: Graph, package: str) -> tuple[int, int]:
    """Count the modules side by side in a package, and the imports between them.

    A subfolder is one room with everything below it; the package's ``__init__.py`` is none.
    """
    rooms = {name: _room(name, package) for name in links}
    pairs = {
        (rooms[name], rooms[target])
        for name, targets in links.items()
        for target in targets
        if rooms[name] and rooms[target] and rooms[name] != rooms[target]
    }
    return len({*rooms.values()} - {""}), len(pairs)


def upward(links: Graph) -> list[str]:
    """Find the imports that point from a package to one above it."""
    order = (*PACKAGES, ROOT_MODULE)

    def level(name: str) -> int:
        return order.index(name.partition(".")[0])

    return [
        f"{name} -> {target}"
        for name, targets in links.items()
        for target in sorted(targets)
        if level(target) > level(name)
    ]


def circles(links: Graph) -> list[set[str]]:
    """Find the largest groups of modules that reach each other by imports."""
    reached = {name: _reached(links, name) for name in links}
    groups = {
        frozenset(other for other in found if name in reached[other])
        for name, found in reached.items()
        if name in found
    }
    return [{*group} for group in groups]


def _reached(links: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = [*links[start]]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += links[name]
    return found


def _room(name: str, package: str) -> str:
    """Name the part of a package that a module lies in; empty outside of the package."""
    inside = name.startswith(f"{package}.")
    return name.removeprefix(f"{package}.").partition(".")[0] if inside else ""


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
