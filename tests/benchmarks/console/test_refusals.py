"""Requests of every kind are refused, and a benchmark of a few takes seconds."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra 'console' brings the page")

from benchmarks.console.refusals import refusals


def test_requests_of_every_kind_are_refused():
    found = refusals(10)
    assert [sum(answers.values()) for answers in found.values()] == [2] * 5
    assert found["no token"] == {"401": 2}
    assert found["another page"] == found["another page's WebSocket"] == {"403": 2}
