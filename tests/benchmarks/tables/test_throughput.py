"""The tables of throughput hold medians over turns."""

from __future__ import annotations

from benchmarks.tables.throughput import scaling_table, table
from benchmarks.tools.turns import SIMULATED


def test_the_tables_hold_medians_and_leave_out_what_was_not_measured():
    rates = {
        "physics": [100, 300, 200],
        "own": [50, 30, 40],
        "ours": [100, 90, 110],
        "replayed": [80, 90, 100],
        "steered": [40, 45, 50],
        "sac-1": [30],
        "sac-1-overlap": [35],
        "sac": [20],
        "sbx-1": [60],
    }
    measured = {
        "task": "Lift",
        "steps_per_second": {"1": rates},
        "reset_ms": [1.0, 3.0],
        "memory_mib": 99.6,
        "policy_us": {"1": 1500.0},
    }
    rest = {"1": {way: rates[way] for way in SIMULATED}}
    other = {**measured, "task": "Transport", "steps_per_second": rest, "policy_us": None}
    text = table([measured, other])
    assert "| Lift | 200 | 40 | 100 | 2.75 | 0.55 | 45 | 0.50 |" in text
    assert "| Transport | 200 | 40 | 100 | 2.75 | 0.55 |  |  |" in text
    assert "| Lift | 30 | 35 | 20 |  |  | 60 |  |  |  |" in text
    assert "| Lift | 2.0 | 100 | 1,500 |" in text
    assert "| Transport | 2.0 | 100 |  |" in text
    scaled = {"task": "Lift", "steps_per_second": {"1": [10], "2": [15]}}
    assert "| 2 | 15 | 0.75 |" in scaling_table(scaled)
