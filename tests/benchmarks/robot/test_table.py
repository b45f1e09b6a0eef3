"""The table of the robot tasks says what was played, and how much was gained on average."""

from __future__ import annotations

import json

import pytest

from benchmarks.robot.runs import RESULTS
from benchmarks.robot.table import gains, learned_from, table
from zprl_env.errors import ZprlError

PLAYED = {
    "success_rate": 0.5,
    "successes": [1, 0],
    "episodes": 2,
    "velocity": 0.1,
    "acceleration": 2.0,
    "jerk": 30.0,
    "interventions": 1,
    "actions": 4,
    "stops": 1,
    "robot_minutes": 0.5,
}


def test_the_committed_table_is_what_was_measured():
    assert (RESULTS / "table.md").read_text(encoding="utf-8") == table()


def test_rows_minutes_and_gain(tmp_path):
    out = tmp_path / "flip-egg"
    (out / "latent-0").mkdir(parents=True)
    better = PLAYED | {"success_rate": 1.0, "successes": [1, 1]}
    (out / "motion.json").write_text(json.dumps({"base policy": PLAYED, "latent-0": better}))
    (out / "latent-0" / "results.json").write_text(json.dumps({"env_steps": 6000}))
    lines = table(tmp_path).splitlines()
    assert lines[2].startswith("| flip-egg | base policy |  | 0.50 |")
    assert lines[2].endswith("| 15.0 | 0.100 | 2.00 | 30 | 25.0% | 1 |")
    assert lines[3].startswith("| flip-egg | latent-0 | 10 | 1.00 |")
    assert "flip-egg +50.0; mean +50.0 of 1 task" in lines[-1]
    assert learned_from("flip-egg", "latent-1", tmp_path) is None


def test_a_gain_is_the_mean_of_seeds_and_of_the_latent_alone():
    ways = {"base policy": 0.5, "latent-0": 0.75, "latent-1": 1.0, "action-0": 0.0}
    played = {"open-box": {name: {"success_rate": rate} for name, rate in ways.items()}}
    assert gains(played) == {"open-box": pytest.approx(37.5)}


def test_without_raw_data_it_is_said_how_to_begin(tmp_path):
    with pytest.raises(ZprlError, match=r"none\. Start with: python -m benchmarks\.robot play"):
        table(tmp_path)
