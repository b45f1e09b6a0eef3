"""List of the benchmarks, a line each: ``python -m benchmarks``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from zprl_env import cli
from zprl_env.errors import ZprlError


def benchmarks() -> dict[str, str]:
    """Find every benchmark and the first line of its docstring, without importing any."""
    here = Path(__file__).parent
    files = {path.stem: path for path in here.glob("[!_]*.py")}
    files |= {path.parent.name: path for path in here.glob("*/__main__.py")}
    found = {}
    for name in sorted(files):
        text = ast.get_docstring(ast.parse(files[name].read_text(encoding="utf-8"))) or ""
        found[name] = text.partition("\n")[0]
    return found


def main(arguments: list[str]) -> None:
    """Print the list.

    Raises:
        ZprlError: Something else was asked for.
    """
    if arguments not in ([], ["-h"], ["--help"]):
        raise ZprlError(
            f"Expected no arguments. Got: {' '.join(arguments)}. "
            "Try python -m benchmarks.NAME --help; python -m benchmarks lists the names."
        )
    found = benchmarks()
    width = max(map(len, found))
    print("usage: python -m benchmarks.NAME [--help] ...\n")
    for name, line in found.items():
        print(f"  {name:{width}}  {line}")


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
