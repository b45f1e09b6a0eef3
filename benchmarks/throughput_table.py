"""The tables of throughput: medians over turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

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
    """Draw up two tables of one process, two of as many as there are cores, and what is left.

    Args:
        results: What was measured, a task each.

    Returns:
        Markdown.
    """
    counts = sorted({int(count) for result in results for count in result["steps_per_second"]})
    parts = []
    for count in counts:
        lines = [
            f"Environment steps per second, {count} process{'es' if count > 1 else ''}:",
            "",
            *_head(
                "task",
                "physics",
                "own",
                "ours",
                "ours / own",
                "ours / physics",
                "steered",
                "steered / ours",
            ),
        ]
        learning = ["The same while SAC learns:", "", *_head("task", *LEARNING.values())]
        for result in results:
            if (rates := result["steps_per_second"].get(str(count))) is None:
                continue
            lines.append(_line(result["task"], *_speeds(rates)))
            if "steered" in rates:
                speeds = (_speed(rates, way) for way in LEARNING)
                learning.append(_line(result["task"], *speeds))
        parts += ["\n".join(rows) + "\n" for rows in (lines, learning)]
    parts.append("\n".join(_costs(results)) + "\n")
    return "\n".join(parts)


def scaling_table(result: Mapping[str, Any]) -> str:
    """Draw up the speeds by the number of workers; Markdown."""
    rates = {int(count): median(values) for count, values in result["steps_per_second"].items()}
    single = rates[min(rates)] / min(rates)
    lines = [
        f"Steered {result['task']} in Stable-Baselines3's workers:",
        "",
        *_head("workers", "steps/s", "of linear"),
        *(
            _line(str(count), f"{rate:,.0f}", f"{rate / count / single:.2f}")
            for count, rate in sorted(rates.items())
        ),
    ]
    return "\n".join(lines) + "\n"


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


def _costs(results: Sequence[Mapping[str, Any]]) -> list[str]:
    sizes = next((list(result["policy_us"]) for result in results if result["policy_us"]), [])
    lines = _head("task", "reset [ms]", "memory [MiB]", *(f"decision of {n} [us]" for n in sizes))
    for result in results:
        times = result["policy_us"] or dict.fromkeys(sizes)
        lines.append(
            _line(
                result["task"],
                f"{median(result['reset_ms']):.1f}",
                f"{result['memory_mib']:.0f}",
                *("" if time is None else f"{time:,.0f}" for time in times.values()),
            )
        )
    return lines


def _head(*names: str) -> list[str]:
    return [_line(*names), "|" + "---|" * len(names)]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
