"""The benchmark of the robot measures motion by finite differences."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import robot
from benchmarks.tools import training
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError, ZprlError


def step(*heights: float, clipped: float = 0.0, stop: str = "") -> Any:
    """An action whose control periods found the arm at these heights."""
    ticks = [SimpleNamespace(state=SimpleNamespace(position=np.array([0, 0, z]))) for z in heights]
    safety = {"clipped": clipped, "clipped_rotation": 0.0, "stop": stop}
    return SimpleNamespace(ticks=ticks, info={"safety": safety})


def test_motion_is_what_the_positions_say():
    motion = robot.Motion()
    motion.begin(SimpleNamespace(control_rate=10), None, None, {})
    motion.add(step(0.0, 0.1, clipped=0.5))
    motion.add(step(0.4, 0.9, stop="watchdog"))  # half of 10 m/s2 times the time squared
    motion.end("stopped")
    found = motion.to_dict()
    assert found["velocity"] == pytest.approx(np.sqrt((1 + 9 + 25) / 3))
    assert found["acceleration"] == pytest.approx(20.0)
    assert found["jerk"] == pytest.approx(0.0, abs=1e-9)
    assert (found["interventions"], found["stops"], found["actions"]) == (1, 1, 2)
    assert found["robot_minutes"] == pytest.approx(4 / 10 / 60)


def test_the_base_policy_is_played_on_the_simulated_arm(monkeypatch):
    pytest.importorskip("robosuite")
    monkeypatch.setattr(robot, "EPISODES", 1)
    found = robot.play("latent", lambda env: None)
    assert found["episodes"] == 1
    assert found["velocity"] > 0 < found["robot_minutes"]
    assert found["actions"] >= found["lengths"][0] > 0


def test_runs_go_where_their_results_are_kept(tmp_path, monkeypatch):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    robot.COMMAND.parse(["train", "action-0", "--out", str(tmp_path)])()
    (run,) = told
    assert (run.kept, run.task) == (tmp_path / "action-0", "Real")
    assert "--steer action --eval-every" in run.arguments


def test_the_committed_table_is_what_was_measured():
    assert (robot.RESULTS / "table.md").read_text(encoding="utf-8") == robot.table()


def test_mistakes_are_told(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown run 'latent-9'"):
        robot.COMMAND.parse(["train", "latent-9"])
    with pytest.raises(ZprlError, match=r"none\. Start with: python -m benchmarks\.robot play"):
        robot.table(tmp_path)
