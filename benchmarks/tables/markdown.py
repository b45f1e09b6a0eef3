"""Markdown tables: a head and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zprl_env.success_rates import wilson_interval


def row(*cells: str) -> str:
    """Join cells to a row.

    >>> row("sac", "0.95")
    '| sac | 0.95 |'
    """
    return f"| {' | '.join(cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Join a head and rows to a table that ends with a line break.

    >>> table(["run", "success"], [["sac", "0.95"]])
    '| run | success |\n|---|---|\n| sac | 0.95 |\n'
    """
    top = row(*head).replace("|  |", "| |")
    lines = [top, "|" + "---|" * len(head), *(row(*cells) for cells in rows)]
    return "\n".join(lines) + "\n"


def interval(ends: Sequence[float]) -> str:
    """Write an interval down.

    >>> interval((0.901, 0.987))
    '0.90 - 0.99'
    """
    low, high = ends
    return f"{low:.2f} - {high:.2f}"


def rate(successes: Sequence[int]) -> str:
    """Write down a success rate with its 95 % Wilson interval.

    >>> rate([1, 1, 1, 0])
    '0.75 (0.30-0.95)'
    """
    low, high = wilson_interval(sum(successes), len(successes))
    return f"{sum(successes) / len(successes):.2f} ({low:.2f}-{high:.2f})"
