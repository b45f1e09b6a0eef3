"""One terminal for the operator's words and a person's motion."""

from __future__ import annotations

import os
import termios
from typing import Any

import pytest

from real.operators import Event, KeyboardOperator
from real.people.keys import BLUR, Keys
from zprl_env.errors import ConfigurationError


def test_keys_belong_to_those_who_listen_whoever_asks_first(terminal, screen, until):
    before = termios.tcgetattr(terminal.file)
    operator = KeyboardOperator(terminal.file, screen)
    motion = Keys.listen(terminal.file, ("t", "up", "left"), "a test")
    terminal.type("zt\x1b[A \x1b[Dx")
    keys: Any = motion._keys
    until(lambda: keys.read() or len(motion.heard) == 3)
    assert motion.take() == ["t", "up", "left"]
    assert list(operator.poll()) == [Event.STOP]
    motion.close()
    assert termios.tcgetattr(terminal.file) != before  # the operator still listens
    operator.close()
    assert termios.tcgetattr(terminal.file) == before
    assert motion.take() == []


def test_a_sequence_that_comes_in_two_parts_is_one_key(terminal, until):
    motion = Keys.listen(terminal.file, ("up", "["), "a test")
    terminal.type("\x1b")
    assert motion.take() == []
    terminal.type("[A")
    assert until(motion.take) == ["up"]
    motion.close()


def test_everybody_is_told_when_nobody_looks_any_more(terminal, until):
    first, second = (Keys.listen(terminal.file, (key,), "a test") for key in "ab")
    terminal.type("\x1b[Oa")
    assert until(first.take) == [BLUR, "a"]
    assert second.take() == [BLUR]
    for one in (first, second):
        one.close()


def test_two_operators_of_one_terminal_hear_a_key_once(terminal, screen, until):
    first, second = (KeyboardOperator(terminal.file, screen) for _ in range(2))
    terminal.type("\n")
    assert until(first.poll) == [Event.READY]
    assert list(second.poll()) == []  # or an arm would start by an answer to another question
    first.close()
    terminal.type("s")
    assert until(second.poll) == [Event.SUCCESS]
    second.close()


def test_a_terminal_that_is_gone_is_told(terminal, screen, until):
    operator = KeyboardOperator(terminal.file, screen)
    os.close(terminal.ours)
    assert until(operator.poll) == [Event.STOP]
    operator.close()


def test_it_must_be_a_terminal(screen):
    with pytest.raises(ConfigurationError, match="a test must have a terminal"):
        Keys.listen(screen, ("a",), "a test")
