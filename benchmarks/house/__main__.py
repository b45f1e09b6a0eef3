"""Structure of the project in figures: files, imports, tests, functions, docstrings, README.

    python -m benchmarks.house                       this checkout
    python -m benchmarks.house --root ../before .    two checkouts side by side, before and after

Everything is counted from the files alone, with ``ast``; nothing of a checkout is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.house.imports import arrows, circles, graph, upward
from benchmarks.house.prose import measure, pages
from benchmarks.house.source import PACKAGES, Checkout
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine

LONG = 80
"""Lines of a function from which on it is called long."""
MIRRORED = (*PACKAGES, "benchmarks")
FOLDERS = (*MIRRORED, "tests")


def figures(root: Path) -> dict[str, str]:
    """Measure a checkout.

    Args:
        root: Its folder.

    Returns:
        The figures by their names.

    Raises:
        ZprlError: It is no checkout of this project.
    """
    checkout = Checkout(root)
    return {**_source(checkout), **dict(_imports(checkout)), **_tests(checkout), **_prose(root)}


def table(roots: tuple[Path, ...]) -> str:
    """Draw up checkouts as a Markdown table, a column each."""
    columns = [figures(root) for root in roots]
    names = {name: None for column in reversed(columns) for name in column}
    rows = [[name, *(column.get(name, "") for column in columns)] for name in names]
    return markdown.table(["figure", *map(str, roots)], rows)


def _source(checkout: Checkout) -> dict[str, str]:
    sizes = [module.lines for module in checkout.modules.values()]
    largest = {package: checkout.largest_folder(package) for package in FOLDERS}
    functions = checkout.functions()
    (longest, name), long = functions[0], sum(lines > LONG for lines, _ in functions)
    documented, public = checkout.documented()
    return {
        "source files": str(len(sizes)),
        "lines of a file, median / largest": f"{median(sizes):.0f} / {max(sizes)}",
        **{
            f"files in the largest folder, {package}": f"{count} {folder}"
            for package, (count, folder) in largest.items()
        },
        "longest function [lines]": f"{longest} {name}",
        f"functions over {LONG} lines": str(long),
        "public names documented": _share(documented, public),
    }


def _imports(checkout: Checkout) -> Iterator[tuple[str, str]]:
    """Count in the packages, and in those of their folders that hold at least eight rooms."""
    links = graph(checkout)
    folders = {name.rpartition(".")[0] for name in links} - {""}
    for package in sorted(folders):
        rooms, found = arrows(links, package)
        if package in PACKAGES or rooms >= 8:
            yield f"rooms / import arrows, {package}", f"{rooms} / {found}"
    yield "circles of imports", str(len(circles(links)))
    yield "upward imports", str(len(upward(links)))


def _tests(checkout: Checkout) -> dict[str, str]:
    counts = {package: checkout.mirrored(package) for package in MIRRORED}
    found = {
        f"files with a mirrored test, {package}": _share(*count)
        for package, count in counts.items()
        if count[1]
    }
    tested, files = (sum(counts[package][kind] for package in PACKAGES) for kind in (0, 1))
    lines = sum(module.lines for module in checkout.modules.values())
    found["files with a mirrored test, packages"] = _share(tested, files)
    return found | {"lines of tests : source": f"{checkout.test_lines() / lines:.2f}"}


def _prose(root: Path) -> dict[str, str]:
    readme = measure((root / "README.md").read_text(encoding="utf-8"))
    docs = pages(root / "docs")
    words = sum(page.words for page in docs)
    dense = 100 * sum(page.figures for page in docs) / words if words else 0.0
    return {
        "README: lines": str(readme.lines),
        "README: table rows": str(readme.table_rows),
        "README: figures per 100 words": f"{readme.density:.1f}",
        "docs: pages": str(len(docs)),
        "docs: lines": str(sum(page.lines for page in docs)),
        "docs: figures per 100 words": f"{dense:.1f}",
    }


def _share(part: int, whole: int) -> str:
    digits = 0 if part == whole else 1
    return f"{part} of {whole} ({part / whole:.{digits}%})" if whole else "0 of 0"


@dataclass(frozen=True)
class House:
    """Print the figures of one checkout, or of several side by side."""

    root: tuple[Path, ...] = (Path(),)
    """Checkouts, of any age."""

    def __call__(self) -> None:
        """Measure and print."""
        print(table(self.root))


COMMAND = CommandLine("house", __doc__, (House,))

if __name__ == "__main__":
    COMMAND.main()
