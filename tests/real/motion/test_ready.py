"""An episode begins with the arms at home and at rest, whatever the one before left behind."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.motion.loop import ControlLoop
from real.motion.ready import LONGEST_WAY, EpisodeStart
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations
from tests.helpers.robots.coasting import CoastingRobot, PunctualOperator

PRESET = load_preset("place-orange")
COORDINATES = Coordinates(PRESET)
HOME = COORDINATES.home
CREEP = np.sqrt(3.0) * PRESET.arms[0].safety.jerk / PRESET.control_rate**2 / 6.0
"""Velocity of the last control period before rest, at most [m/s]."""
AWAY = HOME.copy()
AWAY[0] += (0.1, -0.2, -0.15, 0.1, -0.2, 0.3, -1.0)


class Lab:
    """A robot that is somewhere, whoever watches, and what makes an episode ready."""

    def __init__(self, operator=None, preset=PRESET):
        self.robot = CoastingRobot(preset)
        self.robot.place(AWAY)
        self.operator = operator(self.robot.clock) if operator else ScriptedOperator(patience=20.0)
        self.loop = ControlLoop(self.robot, preset, self.operator)
        self.start = EpisodeStart(self.loop, preset)

    @property
    def asked(self):
        return [event for event, _ in self.operator.asked]

    def assert_at_home_at_rest(self):
        np.testing.assert_allclose(self.robot.state().position, HOME[:, :3], atol=1e-5)
        assert self.robot.moved_within(1.0) <= CREEP
        assert not self.loop.emergency.latched


@pytest.fixture
def lab():
    return Lab()


def test_it_connects_goes_home_has_the_joints_rested_and_waits_for_the_operator(lab):
    lab.start.prepare(0)
    lab.assert_at_home_at_rest()
    assert lab.robot.calls[0] == "connect"
    # By poses first, so that the driver's own way home is no way at all.
    assert lab.robot.calls.index("home") > lab.robot.calls.index("command")
    assert lab.operator.asked == [(Event.READY, "Lay out the task for the next episode.")]


def test_the_way_home_keeps_the_limits_and_opens_rises_and_only_then_goes_over(lab):
    lab.start.prepare(0)
    sent = [command for _, command in lab.robot.commands]
    assert violations([COORDINATES.command(AWAY), *sent], PRESET) == []
    places = np.array([COORDINATES.of(command)[0] for command in sent])
    over = int(np.argmax(np.abs(places[:, 1] - AWAY[0, 1]) > 1e-6))
    assert places[over, 2] == pytest.approx(HOME[0, 2], abs=1e-5)
    rising = int(np.argmax(np.abs(places[:, 2] - AWAY[0, 2]) > 1e-6))
    assert places[rising, 6] == 1.0


def test_a_fraction_of_the_velocity_is_what_the_arms_go_home_with(lab):
    lab.start.prepare(0)
    places = np.array([command.position[0] for _, command in lab.robot.commands])
    fastest = np.abs(np.diff(places, axis=0)).max() * PRESET.control_rate
    limit = PRESET.reset_speed * PRESET.arms[0].safety.velocity
    assert fastest == pytest.approx(limit, rel=2e-3)


def test_the_next_episode_begins_from_rest_without_connecting_or_resting_joints(lab):
    lab.start.prepare(0)
    for _ in range(20):
        lab.loop.tick(AWAY)
    lab.start.rest()
    lab.robot.calls.clear()
    lab.start.prepare(1)
    lab.assert_at_home_at_rest()
    assert {*lab.robot.calls} == {"command"}


def test_a_simulated_scene_is_laid_out_by_its_seed_and_nobody_is_asked():
    robot, operator = IdealRobot(PRESET), ScriptedOperator()
    start = EpisodeStart(ControlLoop(robot, PRESET, operator), PRESET)
    places = []
    for seed in (3, 4, 3):
        start.prepare(seed)
        places.append(robot.state().objects["orange"])
    np.testing.assert_array_equal(places[0], places[2])
    assert np.abs(places[0] - places[1]).max() > 0.01
    assert operator.asked == []


def test_an_operator_who_is_not_ready_in_time_is_an_error_with_the_arms_at_rest():
    lab = Lab(lambda clock: ScriptedOperator(answers=[], patience=30.0))
    complaint = r"must answer within 30 s\. Got: no 'ready'\. Lay out the task for the next episode"
    with pytest.raises(RobotError, match=complaint):
        lab.start.prepare(0)
    lab.assert_at_home_at_rest()


def test_a_stop_on_the_way_holds_until_it_is_released_and_everything_begins_anew():
    lab = Lab(lambda clock: PunctualOperator(clock, {1.0: Event.STOP}))
    lab.start.prepare(0)
    assert lab.asked == [Event.RELEASE, Event.READY]
    assert lab.robot.calls.count("connect") == 2
    lab.assert_at_home_at_rest()


def test_after_a_stop_in_an_episode_it_begins_from_where_the_arms_are(lab):
    lab.start.prepare(0)
    for _ in range(60):
        lab.loop.tick(AWAY)
    lab.loop.halt("operator", "the operator stopped the arms")
    lab.start.rest()
    stopped = lab.robot.state().position
    lab.robot.calls.clear()
    lab.robot.commands.clear()
    lab.start.prepare(1)
    assert lab.asked == [Event.READY, Event.RELEASE, Event.READY]
    assert lab.robot.calls[0] == "connect"
    np.testing.assert_allclose(lab.robot.commands[0][1].position, stopped, atol=1e-3)
    assert "home" in lab.robot.calls
    lab.assert_at_home_at_rest()


def test_nothing_is_sent_before_the_release():
    lab = Lab(lambda clock: ScriptedOperator(answers=[Event.READY], patience=20.0))
    lab.operator.say(Event.STOP)
    with pytest.raises(RobotError, match=r"no 'release'\. The arms are stopped: the operator stop"):
        lab.start.prepare(0)
    sent = len(lab.robot.commands)
    with pytest.raises(RobotError, match="no 'release'"):
        lab.start.prepare(0)
    assert len(lab.robot.commands) == sent
    lab.operator.say(Event.RELEASE)
    lab.start.prepare(0)
    lab.assert_at_home_at_rest()


def test_a_robot_that_cannot_rest_its_joints_is_tried_again_until_patience_ends(lab):
    lab.robot.broken["home"] = RobotError("joint 3 is stuck")
    complaint = r"home and free to move within 20 s\. Got: joint 3 is stuck\. Try to release"
    with pytest.raises(RobotError, match=complaint):
        lab.start.prepare(0)
    assert 15 <= lab.robot.calls.count("home") <= 20  # once a second, after the way there
    del lab.robot.broken["home"]
    lab.start.prepare(0)
    lab.assert_at_home_at_rest()


def test_a_robot_that_went_away_is_connected_to_once_a_second():
    lab = Lab()
    lab.start.prepare(0)
    lab.loop.halt("driver", "no answer")
    lab.robot.broken["connect"] = RobotError("no route to host")
    before = lab.robot.calls.count("connect")
    with pytest.raises(RobotError, match=r"within 20 s\. Got: no route to host"):
        lab.start.prepare(1)
    assert 20 <= lab.robot.calls.count("connect") - before <= 22


def test_a_robot_that_was_never_there_is_an_error_at_once(lab):
    lab.robot.broken["connect"] = RobotError("no route to host")
    with pytest.raises(RobotError, match="no route to host"):
        lab.start.prepare(0)
    assert lab.robot.clock.now() == 0.0
    assert lab.robot.commands == []


def test_a_way_that_takes_too_long_is_stopped():
    slow = PRESET.model_copy(update={"rate": 10, "control_rate": 10})
    timetable = {0.5: Event.PAUSE, LONGEST_WAY + 10.0: Event.RESUME}
    lab = Lab(lambda clock: PunctualOperator(clock, timetable, patience=1000.0), slow)
    lab.start.prepare(0)
    assert lab.operator.asked[0][1].startswith(
        "The arms are stopped: the arms must be home within 300 s."
    )
    lab.assert_at_home_at_rest()
