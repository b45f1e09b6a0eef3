"""The benchmark of the control loop counts what it says."""

from __future__ import annotations

import pytest

from benchmarks.control_loop import Settings, measure
from zprl_env.errors import ZprlError


def test_a_loop_that_is_not_disturbed_beats_as_often_as_asked_for():
    row = measure(50, seconds=0.4)
    assert row["beats"] == 20
    assert 0.0 <= row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
    assert row["missed"] >= 0


def test_no_time_is_no_measurement():
    with pytest.raises(ZprlError, match=r"seconds must be positive\. Got: 0"):
        Settings(seconds=0.0)
