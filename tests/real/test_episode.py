"""An episode counts its steps, says how it ended, and is written down as it was."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.episode import Episode, Judgement
from real.motion.loop import ControlLoop
from real.operators import Event, ScriptedOperator
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset

PRESET = load_preset("place-orange").model_copy(update={"episode_steps": 3})
HOME = Coordinates(PRESET).home
SEEN = np.zeros(19, np.float32)


class Notes:
    """A recorder that keeps what it is told."""

    def __init__(self):
        self.told = []

    def begin(self, preset, observation, state, info):
        self.told.append(("begin", info["seed"]))

    def add(self, step):
        self.told.append(("step", step))

    def end(self, outcome):
        self.told.append(("end", outcome))

    def close(self):
        pass


@pytest.fixture
def operator():
    return ScriptedOperator()


@pytest.fixture
def loop(operator):
    robot = IdealRobot(PRESET)
    robot.connect()
    loop = ControlLoop(robot, PRESET, operator)
    assert loop.locate()
    return loop


def begun(loop, preset=PRESET, recorder=None, images=False):
    episode = Episode(loop, preset, recorder, images)
    episode.begin(SEEN, 7)
    return episode


def test_it_goes_on_until_the_time_limit_truncates_it(loop):
    episode = begun(loop)
    assert episode.running
    assert [episode.judge() for _ in range(3)] == [
        Judgement(None, 0.0, False, False),
        Judgement(None, 0.0, False, False),
        Judgement("time limit", 0.0, False, True),
    ]


@pytest.mark.parametrize(
    ("event", "judgement"),
    [
        (Event.SUCCESS, Judgement("success", 1.0, True, False)),
        (Event.FAILURE, Judgement("failure", 0.0, True, False)),
        (Event.ABORT, Judgement("abort", 0.0, False, True)),
        (Event.STOP, Judgement("stop", 0.0, False, True)),
    ],
)
def test_the_operator_s_word_is_its_end(loop, operator, event, judgement):
    episode = begun(loop)
    operator.say(event)
    loop.tick(HOME)
    assert episode.judge() == judgement
    assert judgement.success is (event is Event.SUCCESS)


def test_a_stop_counts_more_than_a_verdict(loop, operator):
    episode = begun(loop)
    operator.say(Event.SUCCESS, Event.STOP)
    loop.tick(HOME)
    assert episode.judge().outcome == "stop"


def test_a_reward_per_step_is_minus_one_until_success(loop, operator):
    episode = begun(loop, PRESET.model_copy(update={"reward": "per-step"}))
    assert episode.judge().reward == -1.0
    operator.say(Event.SUCCESS)
    loop.tick(HOME)
    assert episode.judge().reward == 0.0


def test_the_info_has_what_happened_since_the_action_began(loop, operator):
    episode = begun(loop)
    loop.begin_action()
    operator.say(Event.PAUSE, Event.RESUME)
    away = HOME.copy()
    away[0, 0] = 2.0
    loop.tick(away)
    info = episode.info(success=False)
    assert info["is_success"] is False
    assert info["operator"] == ("pause", "resume")
    assert info["safety"]["clipped"] == pytest.approx(2.0 - 0.58, abs=1e-4)
    assert (info["safety"]["stop"], info["safety"]["stop_source"]) == ("", "")
    assert info["time"] == {"commanded": 0.0, "measured": round(1 / 60, 6), "overruns": 0}
    loop.halt("watchdog", "the state is old")
    assert episode.info(success=False)["safety"]["stop"] == "the state is old"


def test_overruns_and_time_begin_anew_with_every_episode(loop):
    episode = begun(loop)
    loop.tick(HOME)
    loop.robot.clock.sleep_until(loop.robot.clock.now() + 0.05)
    loop.tick(HOME)
    assert episode.info(success=False)["time"]["overruns"] == 3
    loop.forget()
    episode.begin(SEEN, 8)
    loop.tick(HOME)
    assert episode.info(success=False)["time"]["overruns"] == 0
    assert episode.info(success=False)["time"]["commanded"] == 0.0


def test_it_is_written_down_in_order_with_ticks_and_pictures(loop):
    notes = Notes()
    episode = begun(loop, recorder=notes, images=True)
    loop.begin_action()
    loop.tick(HOME)
    judgement = episode.judge()
    episode.record(np.ones(8), SEEN, judgement, episode.info(judgement.success))
    episode.end("abort")
    episode.end("abort")
    assert not episode.running
    assert [word for word, _ in notes.told] == ["begin", "step", "end"]
    step = notes.told[1][1]
    assert (len(step.ticks), step.images["front"].shape) == (1, (64, 64, 3))
    assert (step.reward, step.terminated, step.truncated) == (0.0, False, False)


def test_a_camera_that_fails_stops_the_arms_and_the_step_is_kept(loop):
    notes = Notes()
    episode = Episode(loop, PRESET.model_copy(update={"cameras": ("nose",)}), notes, True)
    episode.begin(SEEN, 7)
    episode.record(np.ones(8), SEEN, episode.judge(), {})
    assert loop.emergency.stop is not None
    assert loop.emergency.stop.source == "driver"
    assert notes.told[1][1].images == {}
