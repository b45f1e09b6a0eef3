"""Tables of what was measured on Ray: efficiency, and what kills cost."""

from __future__ import annotations

from typing import Any

from benchmarks.cluster.turns import WAYS, rates
from benchmarks.tables import markdown


def efficiency_table(content: dict[str, Any]) -> str:
    """Draw up one task's rates as Markdown."""
    head = [f"{content['task']}, N", *(f"{way} [decisions/s]" for way in WAYS)]
    head += ["ray / processes", "learner's share, processes", "ray"]
    lines = []
    for count, turns in content["decisions_per_second_and_share"].items():
        found = rates(turns)
        cells = [f"{found[way][0]:,.0f}" if way in found else "" for way in WAYS]
        cells.append(f"{found['ray'][0] / found['processes'][0]:.2f}")
        cells += [f"{found[way][1]:.2f}" for way in ("processes", "ray")]
        lines.append([count, *cells])
    return markdown.table(head, lines)


def kills_table(content: dict[str, Any]) -> str:
    """Draw up what kills cost as Markdown."""
    lines = []
    for kills, run in content["runs"].items():
        results, done = run["results"], run["kills"]
        steered = [*results["test"].values()][-1]["successes"]
        nodes = sum(kill["killed"] == "node" for kill in done)
        lost = sum(results["not_counted"].values())
        lines.append(
            [
                f"{len(done)} of {kills}, {nodes} of a node",
                f"{results['env_steps']:,}",
                f"{results['seconds'] / 60:.1f}",
                f"{results['episodes']} and {lost}",
                f"{sum(steered) / len(steered):.2f}",
            ]
        )
    head = ["kills", "env steps", "minutes", "episodes, and those cut off", "success"]
    return markdown.table([f"{content['task']}: {head[0]}", *head[1:]], lines)
