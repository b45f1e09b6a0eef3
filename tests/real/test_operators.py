"""What an operator says arrives at once, and nothing waits for it."""

from __future__ import annotations

import os
import pty
import termios
import time
from typing import Any

import pytest

from real.drivers.ideal import IdealRobot
from real.operators import AutoOperator, Event, KeyboardOperator, ScriptedOperator, make_operator
from real.tasks.files import load_preset
from zprl_env.errors import ConfigurationError


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r", closefd=False) as file:
        yield ours, file
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def screen(tmp_path):
    with (tmp_path / "screen").open("w+", encoding="utf-8") as file:
        yield file


def test_keys_are_events_and_other_keys_mean_nothing(terminal, screen):
    keyboard, file = terminal
    operator = KeyboardOperator(file, screen)
    assert operator.poll() == []  # without waiting for anybody, since nobody is there
    os.write(keyboard, b" xr\nsfapg")
    heard: list[Event] = []
    deadline = time.monotonic() + 60.0
    while len(heard) < 8 and time.monotonic() < deadline:  # the terminal takes its time
        heard += operator.poll()
    assert [event.value for event in heard] == [
        "stop",
        "release",
        "ready",
        "success",
        "failure",
        "abort",
        "pause",
        "resume",
    ]
    operator.close()


def test_the_terminal_is_given_back_as_it_was(terminal, screen):
    _, file = terminal
    before = termios.tcgetattr(file)
    operator = KeyboardOperator(file, screen)
    assert termios.tcgetattr(file) != before
    operator.close()
    operator.close()
    assert termios.tcgetattr(file) == before


def test_a_question_names_its_key(terminal, screen):
    operator = KeyboardOperator(terminal[1], screen)
    operator.ask(Event.RELEASE, "The arms are stopped.")
    operator.ask(Event.READY, "Lay out the task.")
    screen.seek(0)
    assert screen.read().splitlines()[1:] == [
        "The arms are stopped. [r]",
        "Lay out the task. [ENTER]",
    ]
    operator.close()


def test_a_keyboard_needs_a_terminal():
    complaint = r"must have a terminal\. Got: input that is none"
    with (
        open(os.devnull, encoding="utf-8") as file,
        pytest.raises(ConfigurationError, match=complaint),
    ):
        KeyboardOperator(file)


def test_the_scene_s_own_criterion_is_an_operator():
    robot = IdealRobot(load_preset("place-orange"))
    operator = make_operator("auto", robot)
    assert isinstance(operator, AutoOperator)
    assert operator.poll() == []
    operator.ask(Event.RELEASE, "The arms are stopped.")
    assert operator.poll() == [Event.RELEASE]


def test_auto_needs_a_robot_that_knows_success():
    hardware: Any = object()
    with pytest.raises(ConfigurationError, match="must have a driver that knows success"):
        make_operator("auto", hardware)


def test_a_script_answers_only_what_it_is_told_to():
    operator = ScriptedOperator(answers=[Event.READY])
    operator.ask(Event.RELEASE, "")
    operator.ask(Event.READY, "")
    assert operator.poll() == [Event.READY]
    assert [event for event, _ in operator.asked] == [Event.RELEASE, Event.READY]
