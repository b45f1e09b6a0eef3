"""Tables say what was measured on Ray."""

from __future__ import annotations

from benchmarks.cluster.tables import efficiency_table, kills_table


def test_the_tables_say_what_was_measured():
    turns = {"dummy": [(100, 1.0)], "processes": [(200, 0.5)] * 2, "ray": [(190, 0.5), (194, 0.7)]}
    text = efficiency_table({"task": "Lift", "decisions_per_second_and_share": {"2": turns}})
    assert "| 2 | 100 | 200 | 192 |  | 0.96 | 0.50 | 0.60 |" in text
    results = {
        "test": {"base policy": {"successes": [0]}, "steered": {"successes": [1, 0]}},
        "not_counted": {"cut off": 4},
        "env_steps": 8000,
        "episodes": 90,
        "seconds": 90.0,
    }
    kills = [{"second": 3.0, "killed": "node"}, {"second": 9.0, "killed": "worker"}]
    text = kills_table({"task": "Lift", "runs": {"2": {"kills": kills, "results": results}}})
    assert "| 2 of 2, 1 of a node | 8,000 | 1.5 | 90 and 4 | 0.50 |" in text
