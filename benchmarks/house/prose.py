"""Lines, table rows and density of figures of Markdown pages (README, docs)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
FIGURE = re.compile(r"\b\d+(?:[.,]\d+)*\b")


class Prose(NamedTuple):
    """A page in figures.

    Attributes:
        lines: All of them.
        table_rows: Rows of its tables, heads and rules among them.
        words: Of its prose: without tables and without code, fenced or indented.
        figures: Numbers among them.
    """

    lines: int
    table_rows: int
    words: int
    figures: int

    @property
    def density(self) -> float:
        """Figures per 100 words."""
        return 100 * self.figures / self.words if self.words else 0.0


def measure(text: str) -> Prose:
    """Count the lines, table rows, words and figures of a Markdown page.

    >>> measure("Ends at 0.95 after 80,000 steps.").figures
    2
    """
    lines = text.splitlines()
    running = FENCED.sub("", text).splitlines()
    prose = "\n".join(line for line in running if not line.startswith(("|", "    ")))
    return Prose(
        len(lines),
        sum(line.startswith("|") for line in lines),
        len(prose.split()),
        len(FIGURE.findall(prose)),
    )


def pages(folder: Path) -> list[Prose]:
    """Measure the Markdown pages in a folder and below, in order of their paths."""
    return [measure(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.md"))]
