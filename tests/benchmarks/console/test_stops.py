"""A stop through the page stops an arm that flies on in silence."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra 'console' brings the page")

from benchmarks.console.stops import LOADS, stops


def test_a_stop_beside_a_learner_is_measured():
    (seconds,) = stops(1, LOADS[1])
    assert 0.0 < seconds < 5.0
