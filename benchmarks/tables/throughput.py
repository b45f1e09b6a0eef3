"""Tables of throughput: environment steps per second, costs and scaling, medians over turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.tables import markdown

Rates = Mapping[str, Sequence[float]]
"""Environment steps per second, turn by turn, by the way of playing."""

LEARNING = {
    "sac-1": "1 update per decision",
    "sac-1-overlap": "overlapped",
    "sac": "4 updates",
    "sac-overlap": "overlapped",
    "sac-slow": "fast=False",
    "sbx-1": "SBX, 1 update",
    "sbx-1-overlap": "overlapped",
    "sbx": "SBX, 4 updates",
    "sbx-overlap": "overlapped",
}
"""Ways in which SAC learns, with the heads of their columns."""


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Draw up two tables of one process, two of as many as there are cores, and one of costs.

    Args:
        results: What was measured, a task each.

    Returns:
        Markdown.
    """
    counts = sorted({int(count) for result in results for count in result["steps_per_second"]})
    parts = [part for count in counts for part in _with_processes(results, count)]
    return "\n".join([*parts, _costs(results)])


def scaling_table(result: Mapping[str, Any]) -> str:
    """Draw up the speeds by the number of workers; Markdown."""
    rates = {int(count): median(values) for count, values in result["steps_per_second"].items()}
    single = rates[min(rates)] / min(rates)
    rows = [
        [str(count), f"{rate:,.0f}", f"{rate / count / single:.2f}"]
        for count, rate in sorted(rates.items())
    ]
    title = f"Steered {result['task']} in Stable-Baselines3's workers:\n\n"
    return title + markdown.table(["workers", "steps/s", "of linear"], rows)


def _with_processes(results: Sequence[Mapping[str, Any]], count: int) -> Iterator[str]:
    """Draw up a table of simulation and one of learning, in so many processes."""
    head = ["physics", "own", "ours", "ours / own", "ours / physics", "steered", "steered / ours"]
    played, learned = [], []
    for result in results:
        if (rates := result["steps_per_second"].get(str(count))) is None:
            continue
        played.append([result["task"], *_speeds(rates)])
        if "steered" in rates:
            learned.append([result["task"], *(_speed(rates, way) for way in LEARNING)])
    title = f"Environment steps per second, {count} process{'es' if count > 1 else ''}:\n\n"
    yield title + markdown.table(["task", *head], played)
    yield "The same while SAC learns:\n\n" + markdown.table(["task", *LEARNING.values()], learned)


def _speeds(rates: Rates) -> list[str]:
    return [
        _speed(rates, "physics"),
        _speed(rates, "own"),
        _speed(rates, "ours"),
        _ratio(rates, "ours", "own"),
        _ratio(rates, "ours", "physics"),
        _speed(rates, "steered"),
        _ratio(rates, "steered", "replayed"),
    ]


def _speed(rates: Rates, way: str) -> str:
    return f"{median(rates[way]):,.0f}" if way in rates else ""


def _ratio(rates: Rates, way: str, other: str) -> str:
    """Median over the turns of how many times as fast one is as the other."""
    if way not in rates:
        return ""
    return f"{median(a / b for a, b in zip(rates[way], rates[other], strict=True)):.2f}"


def _costs(results: Sequence[Mapping[str, Any]]) -> str:
    sizes = next((list(result["policy_us"]) for result in results if result["policy_us"]), [])
    head = ["task", "reset [ms]", "memory [MiB]", *(f"decision of {n} [us]" for n in sizes)]
    rows = []
    for result in results:
        times = result["policy_us"] or dict.fromkeys(sizes)
        cells = [
            result["task"],
            f"{median(result['reset_ms']):.1f}",
            f"{result['memory_mib']:.0f}",
            *("" if time is None else f"{time:,.0f}" for time in times.values()),
        ]
        rows.append(cells)
    return markdown.table(head, rows)
