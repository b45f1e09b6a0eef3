"""Drawing of the arms and of the plan that they are about to follow, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SIZE = 180.0
"""Width and height of one view [pixels]."""
VIEWS = (("from above", 1, 0, -1.0), ("from the side", 0, 2, 1.0))
"""Views: name, axis to the right, axis upwards, and the sign of the one to the right."""
COLOURS = ("#4fb3ff", "#c58bff", "#6fd08c", "#ffb454")
"""Colours of the arms, in order."""


def drawing(arms: Sequence[Mapping[str, Any]], plan: Sequence[Sequence[Sequence[Any]]]) -> str:
    """Draw where the arms are in their boxes, and the plan that they are about to follow.

    Args:
        arms: ``position``, ``low`` and ``high`` [m] of each, as far as they are known.
        plan: Positions [m] and openings along it, of each arm. Shape ``(N, n, 4)``.

    Returns:
        SVG; a sentence where no positions are known.

    >>> "<circle" in drawing([{"position": [0, 0, 1], "low": [-1] * 3, "high": [1] * 3}], [])
    True
    """
    known = [arm for arm in arms if _all_known(arm.get("position"))]
    if not known:
        return '<p class="faint">This robot does not say where its tools are.</p>'
    low, high = _bounds(arms, plan)
    views = [_view(n, view, arms, plan, low, high) for n, view in enumerate(VIEWS)]
    width, height = SIZE * len(VIEWS) + 10.0 * (len(VIEWS) - 1), SIZE + 18.0
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="The arms and what the policy is about to do">{"".join(views)}</svg>'
    )


def _bounds(
    arms: Sequence[Mapping[str, Any]], plan: Sequence[Sequence[Sequence[Any]]]
) -> tuple[list[float], list[float]]:
    """Return the corners of what is drawn: the boxes, where they are finite, or what is in use."""
    points = [arm["position"] for arm in arms if _all_known(arm.get("position"))]
    points += [row[:3] for path in plan for row in path if _all_known(row[:3])]
    boxes = [arm for arm in arms if _is_box(arm)]
    if boxes:
        points = [arm[corner] for arm in boxes for corner in ("low", "high")]
    low = [min(point[axis] for point in points) for axis in range(3)]
    high = [max(point[axis] for point in points) for axis in range(3)]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    half = max(0.15, max(b - a for a, b in zip(low, high, strict=True)) / 2) * 1.08
    return [m - half for m in middle], [m + half for m in middle]


def _view(
    number: int,
    view: tuple[str, int, int, float],
    arms: Sequence[Mapping[str, Any]],
    plan: Sequence[Sequence[Sequence[Any]]],
    low: Sequence[float],
    high: Sequence[float],
) -> str:
    name, across, up, sign = view
    scale = SIZE / (high[0] - low[0])
    left = number * (SIZE + 10.0)

    def at(point: Sequence[float]) -> tuple[float, float]:
        right = point[across] - low[across] if sign > 0 else high[across] - point[across]
        return left + scale * right, SIZE - scale * (point[up] - low[up])

    parts = [f'<rect class="view" x="{left:g}" y="0" width="{SIZE:g}" height="{SIZE:g}" rx="6"/>']
    for index, arm in enumerate(arms):
        colour = COLOURS[index % len(COLOURS)]
        if _is_box(arm):
            (x, y), (z, w) = at(arm["low"]), at(arm["high"])
            parts.append(
                f'<rect class="box" x="{min(x, z):.1f}" y="{min(y, w):.1f}" '
                f'width="{abs(z - x):.1f}" height="{abs(w - y):.1f}" stroke="{colour}"/>'
            )
        path = plan[index] if index < len(plan) else []
        points = [at(row) for row in path if _all_known(row[:3])]
        if points:
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline class="plan" points="{line}" stroke="{colour}"/>')
            parts += [
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>'
                for x, y in points
            ]
        if _all_known(arm.get("position")):
            x, y = at(arm["position"])
            parts.append(f'<circle class="tool" cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>')
    middle = left + SIZE / 2
    parts.append(f'<text x="{middle:g}" y="{SIZE + 14:g}" text-anchor="middle">{name}</text>')
    return "".join(parts)


def _is_box(arm: Mapping[str, Any]) -> bool:
    """Tell whether an arm's box is one, and small enough to be drawn."""
    low, high = arm.get("low", ()), arm.get("high", ())
    if not (_all_known(low) and _all_known(high)):
        return False
    return all(b - a < 10.0 for a, b in zip(low, high, strict=True))


def _all_known(values: Any) -> bool:
    return bool(values) and all(value is not None for value in values)
