"""What an environment tells whoever writes episodes down."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording.recorder import Recorder, Step
from real.recording.writer import EpisodeRecorder
from real.tasks.files import load_preset
from tests.helpers.robots.checks import Witness

PRESET = load_preset("place-orange")
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0])


class Recorded:
    """A recorder that remembers what it was told."""

    def __init__(self):
        self.told, self.steps, self.closed = [], [], 0

    def begin(self, preset, observation, state, info):
        self.told.append(("begin", info["seed"]))

    def add(self, step):
        self.steps.append(step)

    def end(self, outcome):
        self.told.append(("end", outcome))

    def close(self):
        self.closed += 1


@pytest.fixture
def robot():
    return Witness(PRESET)


@pytest.fixture
def operator():
    return ScriptedOperator(patience=20.0)


@pytest.fixture
def recorder():
    return Recorded()


@pytest.fixture
def env(robot, operator, recorder):
    env = RealRobotEnv(PRESET, driver=robot, operator=operator, recorder=recorder, images=True)
    yield env
    env.close()


def test_it_is_told_everything_in_order(env, operator, recorder):
    _, info = env.reset(seed=0)
    env.step(AWAY)
    operator.say(Event.SUCCESS)
    env.step(AWAY)
    assert recorder.told == [("begin", info["seed"]), ("end", "success")]
    first, last = recorder.steps
    assert [len(first.ticks), first.terminated, last.terminated] == [PRESET.ticks, False, True]
    assert first.images["front"].shape == (64, 64, 3)
    assert first.ticks[0].command is not None
    env.reset()
    env.close()
    env.close()
    assert [word for _, word in recorder.told[2:]][-1] == "abort"
    assert recorder.closed == 1


def test_a_step_is_what_the_caller_of_step_gave_and_got(env, recorder):
    env.reset(seed=0)
    got = env.step(AWAY)
    (step,) = recorder.steps
    np.testing.assert_array_equal(step.action, AWAY)
    np.testing.assert_array_equal(step.observation, got[0])
    assert (step.reward, step.terminated, step.truncated, step.info) == got[1:]


def test_a_tick_is_a_command_as_it_was_sent_and_what_was_measured_when_it_was_over(
    env, robot, recorder
):
    env.reset(seed=0)
    env.step(AWAY)
    ticks = recorder.steps[0].ticks
    assert [tick.stamp for tick in ticks] == robot.stamps[-len(ticks) :]
    for tick, command in zip(ticks, robot.stretches[-1][-len(ticks) :], strict=True):
        assert tick.command is command
        np.testing.assert_array_equal(tick.state.position, command.position)
        assert tick.state.stamp == pytest.approx(tick.stamp + 1.0 / PRESET.control_rate)


def test_a_command_that_was_refused_is_none(env, robot, recorder):
    env.reset(seed=0)
    robot.fault = "rejecting"
    env.step(AWAY)
    (step,) = recorder.steps
    assert step.truncated
    assert [tick.command for tick in step.ticks] == [None]
    assert step.ticks[0].state is not None  # from before
    assert recorder.told[-1] == ("end", "stop")


def test_without_cameras_a_step_has_no_pictures():
    step = Step(np.zeros(8), np.zeros(19), 0.0, False, False, {}, ())
    assert dict(step.images) == {}


@pytest.mark.parametrize("name", ["begin", "add", "end", "close"])
def test_what_writes_files_takes_what_a_recorder_is_told(name):
    told, taken = (inspect.signature(getattr(kind, name)) for kind in (Recorder, EpisodeRecorder))
    assert [*taken.parameters] == [*told.parameters]
