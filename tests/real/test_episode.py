"""How an episode ends, what is said of each step, and what is written down."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.episode import Episode, Judgement
from real.motion.loop import ControlLoop
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.sight import RobotSight
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot
from zprl_env.envs.cameras.sight import BLIND

PRESET = load_preset("place-orange").model_copy(update={"episode_steps": 3})
HOME, PERIOD = Coordinates(PRESET).home, 1.0 / PRESET.control_rate
NOTHING = np.zeros(19, np.float32)
GOING_ON = Judgement(None, 0.0, False, False)


class Notes:
    """A recorder that remembers, and breaks when it is told to."""

    def __init__(self):
        self.told, self.steps, self.broken = [], [], False

    def begin(self, preset, observation, state, info):
        self.told.append(("begin", info["seed"]))

    def add(self, step):
        if self.broken:
            raise OSError("the disk is full")
        self.steps.append(step)

    def end(self, outcome):
        self.told.append(("end", outcome))

    def close(self):
        pass


@pytest.fixture
def operator():
    return ScriptedOperator()


@pytest.fixture
def notes():
    return Notes()


def begun(operator, notes=None, *, robot=None, preset=PRESET, images=False):
    """A loop, and an episode on it that has begun."""
    robot = CoastingRobot(preset) if robot is None else robot
    robot.connect()
    loop = ControlLoop(robot, preset, operator)
    assert loop.locate()
    sight = RobotSight(loop, preset, BLIND, {}, recorded=images)
    episode = Episode(loop, preset, notes, sight)
    episode.begin(NOTHING, seed=5)
    return loop, episode


@pytest.mark.parametrize("reward", ["terminal", "per-step"])
@pytest.mark.parametrize(
    ("event", "outcome", "terminated"),
    [
        (Event.SUCCESS, "success", True),
        (Event.FAILURE, "failure", True),
        (Event.ABORT, "abort", False),
        (Event.STOP, "stop", False),
    ],
)
def test_the_operator_s_word_is_the_outcome(event, outcome, terminated, reward, operator):
    preset = PRESET.model_copy(update={"reward": reward})
    loop, episode = begun(operator, preset=preset)
    before = 0.0 if reward == "terminal" else -1.0
    loop.tick(HOME)
    assert episode.judge() == Judgement(None, before, False, False)
    operator.say(event)
    loop.tick(HOME)
    judgement = episode.judge()
    gained = before + (event is Event.SUCCESS)
    assert judgement == Judgement(outcome, gained, terminated, not terminated)
    assert judgement.success is (event is Event.SUCCESS)


def test_the_last_step_truncates_and_the_count_begins_anew(operator):
    _, episode = begun(operator)
    for _ in range(2):
        outcomes = [episode.judge().outcome for _ in range(3)]
        assert outcomes == [None, None, "time limit"]
        episode.begin(NOTHING, seed=6)


def test_a_stop_counts_more_than_a_success_and_that_more_than_the_limit(operator):
    loop, episode = begun(operator)
    for _ in range(2):
        episode.judge()
    operator.say(Event.SUCCESS)
    loop.tick(HOME)
    assert episode.judge().outcome == "success"
    loop.halt("watchdog", "too old")
    assert episode.judge() == Judgement("stop", 0.0, False, True)


def test_info_says_what_was_changed_when_it_was_and_what_was_said(operator):
    robot = CoastingRobot(PRESET)
    robot.clock.sleep_until(100.0)
    loop, episode = begun(operator, robot=robot)
    loop.tick(HOME)
    loop.begin_action()
    robot.clock.sleep_until(robot.clock.now() + 2 * PERIOD)
    operator.say(Event.SUCCESS)
    outside = HOME.copy()
    outside[0, 0] = 1.0  # of a box that ends at 0.58 m
    loop.tick(outside)
    info = episode.info(True)
    assert info["is_success"] is True
    assert info["operator"] == ("success",)
    assert info["time"] == {
        "commanded": pytest.approx(3 * PERIOD, abs=1e-6),
        "measured": pytest.approx(4 * PERIOD, abs=1e-6),
        "overruns": 2,
        "held": 0,
        "late": {"caller": 2},
    }
    safety = info["safety"]
    assert safety["clipped"] == pytest.approx(1.0 - 0.58, abs=1e-5)
    assert safety["limited"] == pytest.approx(0.58 - 0.42, abs=1e-3)
    assert (safety["stop"], safety["stop_source"]) == ("", "")


def test_overruns_are_those_of_the_episode(operator):
    loop, episode = begun(operator)
    loop.tick(HOME)
    loop.robot.clock.sleep_until(loop.robot.clock.now() + 3 * PERIOD)
    loop.tick(HOME)
    assert episode.info(False)["time"]["overruns"] == 3
    assert episode.begin(NOTHING, seed=6)["time"]["overruns"] == 0


def test_a_stop_is_in_the_info_with_its_source(operator):
    loop, episode = begun(operator)
    loop.halt("driver", "no answer")
    safety = episode.info(False)["safety"]
    assert (safety["stop_source"], safety["stop"]) == ("driver", "no answer")


def test_what_is_written_down_begins_once_and_ends_once(operator, notes):
    _, episode = begun(operator, notes)
    assert episode.running
    episode.end("success")
    episode.end("abort")
    assert not episode.running
    assert notes.told == [("begin", 5), ("end", "success")]


def test_a_step_is_written_with_its_control_periods(operator, notes):
    loop, episode = begun(operator, notes)
    for _ in range(2):
        loop.tick(HOME)
    episode.record(np.ones(8), NOTHING, Judgement("stop", -1.0, False, True), {"a": 1})
    (step,) = notes.steps
    assert step.ticks == tuple(loop.ticks)
    assert (step.reward, step.terminated, step.truncated, step.info) == (-1, False, True, {"a": 1})
    assert dict(step.images) == {}


@pytest.mark.parametrize("wanted", [True, False])
def test_pictures_are_taken_only_if_they_are_wanted(wanted, operator, notes):
    _, episode = begun(operator, notes, robot=IdealRobot(PRESET), images=wanted)
    episode.record(np.ones(8), NOTHING, GOING_ON, {})
    assert [*notes.steps[0].images] == ["front"] * wanted


def test_a_camera_that_fails_stops_the_arms_and_the_step_is_written_without(operator, notes):
    loop, episode = begun(operator, notes, robot=IdealRobot(PRESET), images=True)
    loop.robot.images = lambda names: (_ for _ in ()).throw(RobotError("the lens cap is on"))
    episode.record(np.ones(8), NOTHING, GOING_ON, {})
    assert loop.emergency.stop.reason == "the lens cap is on"
    assert dict(notes.steps[0].images) == {}


def test_a_recorder_that_fails_stops_the_arms_and_goes_on_to_the_caller(operator, notes):
    loop, episode = begun(operator, notes)
    for _ in range(20):
        loop.tick(HOME + 0.1)
    notes.broken = True
    with pytest.raises(OSError, match="the disk is full"):
        episode.record(np.ones(8), NOTHING, GOING_ON, {})
    assert loop.emergency.stop.source == "software"
    assert loop.robot.moved_within(10.0) == 0.0
