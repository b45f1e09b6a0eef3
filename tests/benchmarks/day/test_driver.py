"""The day's driver writes down what it was told, and from where."""

from __future__ import annotations

import numpy as np
import pytest

from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset

pytest.importorskip("robosuite")
from benchmarks.day.driver import LoggedSim, read_log, stretches


@pytest.mark.slow
def test_a_log_tells_commands_in_stretches_and_where_each_began(tmp_path):
    preset, log = load_preset("place-orange"), tmp_path / "commands.jsonl"
    robot = LoggedSim(preset, log=str(log), realtime=False)
    robot.connect()
    robot.reset_scene(0)
    coordinates = Coordinates(preset)
    goal = coordinates.of(robot.state())
    for _ in range(3):
        goal[:, 2] += 1e-4
        robot.command(coordinates.command(goal))
    robot.stop()
    here = robot.state()
    robot.command(coordinates.command(goal))
    robot.close()
    with log.open("a", encoding="utf-8") as file:
        file.write('{"stamp": 1.0, "pos')  # as kill -9 leaves it
    first, second = stretches(log)
    assert (len(first.commands), len(second.commands)) == (3, 1)
    np.testing.assert_allclose(second.begin.position, here.position)
    np.testing.assert_allclose(second.commands[0].position, goal[:, :3])
    assert [said["event"] for said in read_log(log) if "event" in said] == [
        "scene",
        "stop",
        "close",
    ]
    sizes = {one.name: one.size for one in first.extremes(preset)}
    assert sizes["step"] == pytest.approx(1e-4)
    assert sizes["first step"] == pytest.approx(1e-4)
