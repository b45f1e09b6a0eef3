"""Before an episode the arms are home, the scene is laid out, and any stop is released."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.motion.loop import ControlLoop
from real.motion.ready import EpisodeStart
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")
HOME = Coordinates(PRESET).home


class Told(IdealRobot):
    """Remembers what it was told."""

    def __init__(self):
        super().__init__(PRESET)
        self.calls = []

    def connect(self):
        super().connect()
        self.calls.append("connect")

    def home(self):
        super().home()
        self.calls.append("home")

    def reset_scene(self, seed):
        self._place(np.random.default_rng(seed))
        self.calls.append(f"scene {seed}")


class HardwareArm:
    """The same arm without a scene."""

    def __init__(self, robot):
        self.clock, self.n_arms = robot.clock, robot.n_arms
        self.connect, self.state, self.command = robot.connect, robot.state, robot.command
        self.stop, self.home, self.close = robot.stop, robot.home, robot.close


@pytest.fixture
def robot():
    return Told()


def start_of(robot, **options):
    operator = ScriptedOperator(**{"patience": 5.0, **options})
    loop = ControlLoop(robot, PRESET, operator)
    return EpisodeStart(loop, PRESET), loop, operator


def wander(loop):
    away = HOME.copy()
    away[0, :3] += 0.05, -0.08, -0.1
    for _ in range(120):
        assert loop.tick(away)


def test_the_first_time_it_connects_rests_the_joints_and_lays_out_the_scene(robot):
    start, loop, _ = start_of(robot)
    start.prepare(7)
    assert robot.calls == ["connect", "home", "scene 7"]
    np.testing.assert_allclose(loop.filter.coordinates, HOME, atol=1e-6)
    assert loop.filter.at_rest


def test_afterwards_the_arms_just_go_home_through_the_filter(robot):
    start, loop, _ = start_of(robot)
    start.prepare(7)
    wander(loop)
    start.rest()
    assert not np.allclose(robot.state().position, HOME[:, :3])
    start.prepare(8)
    assert robot.calls == ["connect", "home", "scene 7", "scene 8"]
    np.testing.assert_allclose(robot.state().position, HOME[:, :3], atol=1e-6)


def test_after_a_stop_it_waits_for_the_release_and_begins_from_where_the_arms_are(robot):
    start, loop, operator = start_of(robot)
    start.prepare(7)
    wander(loop)
    loop.halt("operator", "the operator stopped the arms")
    start.rest()
    start.prepare(8)
    assert [event for event, _ in operator.asked] == [Event.RELEASE]
    assert robot.calls[3:] == ["connect", "home", "scene 8"]
    assert not loop.emergency.latched


def test_without_a_scene_it_waits_until_the_operator_is_ready(robot):
    start, _, operator = start_of(HardwareArm(robot))
    start.prepare(7)
    assert operator.asked == [(Event.READY, "Lay out the task for the next episode.")]
    assert robot.calls == ["connect", "home"]
    silent, _, _ = start_of(HardwareArm(robot), answers=())
    with pytest.raises(RobotError, match=r"must answer within 5 s\. Got: no 'ready'\. Lay out"):
        silent.prepare(7)


def test_a_robot_that_stays_away_is_an_error_when_patience_is_over(robot):
    start, loop, _ = start_of(robot)
    start.prepare(7)
    robot.fault = "gone"
    assert not loop.tick(HOME)
    start.rest()
    began = robot.clock.now()
    with pytest.raises(RobotError, match=r"home and free to move within 5 s\. Got: .* be there"):
        start.prepare(8)
    assert 5.0 < robot.clock.now() - began < 8.0
