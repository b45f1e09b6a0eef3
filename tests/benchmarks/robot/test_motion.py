"""The benchmark of the robot measures motion by finite differences."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.robot.motion import Motion


def step(*heights: float, clipped: float = 0.0, stop: str = "") -> Any:
    """An action whose control periods found the arm at these heights."""
    ticks = [SimpleNamespace(state=SimpleNamespace(position=np.array([0, 0, z]))) for z in heights]
    safety = {"clipped": clipped, "clipped_rotation": 0.0, "stop": stop}
    return SimpleNamespace(ticks=ticks, info={"safety": safety})


def test_motion_is_what_the_positions_say():
    motion = Motion()
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
