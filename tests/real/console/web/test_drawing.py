"""Arms and plan are drawn where they are, from above and from the side."""

from __future__ import annotations

import re

from real.console.web.drawing import SIZE, drawing

ARM = {"position": [0.4, 0.1, 0.2], "low": [0.2, -0.4, 0.0], "high": [0.6, 0.4, 0.4]}


def places(svg, kind):
    found = re.findall(rf'class="{kind}" cx="([\d.]+)" cy="([\d.]+)"', svg)
    return [tuple(map(float, pair)) for pair in found]


def test_the_tool_is_where_it_is_in_both_views():
    above, side = places(drawing([ARM], []), "tool")
    assert above[0] < SIZE / 2  # y to the left
    assert above[1] == SIZE / 2  # x = 0.4 is the middle of the box
    assert side[0] > SIZE
    assert side[1] == SIZE / 2


def test_the_plan_is_drawn_as_it_leads_on_and_what_is_not_known_is_left_out():
    plan: list[list[list[float | None]]] = [
        [[0.4, 0.1, 0.2, 1.0], [0.5, 0.1, 0.2, 1.0], [None, None, None, 0.0]]
    ]
    svg = drawing([ARM], plan)
    assert svg.count("<polyline") == 2
    first, second, *_ = places(svg, "dot")
    assert second[1] < first[1]  # away is upwards


def test_without_positions_there_is_a_sentence():
    assert "does not say" in drawing([{"opening": 0.5}], [])
    assert "does not say" in drawing([{"position": [None, None, None]}], [])


def test_a_box_without_bounds_is_not_drawn():
    free = {"position": [0, 0, 1.0], "low": [-1e9] * 3, "high": [1e9] * 3}
    assert 'class="box"' not in drawing([free], [])
