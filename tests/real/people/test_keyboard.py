"""The keys of a terminal move an arm for as long as they are repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from real.people.keyboard import HELD, KeyboardTeleoperator
from real.people.teleoperator import TeleoperatorError
from real.tasks.files import load_preset

ONE, TWO = load_preset("place-orange"), load_preset("open-box")


@pytest.fixture
def typed(terminal, screen, until):
    """Makes a keyboard, and returns it with what reads it after something was typed."""

    def make(preset=ONE):
        keyboard = KeyboardTeleoperator(preset, keyboard=terminal.file, screen=screen)
        keyboard.connect()

        def read(text, now):
            terminal.type(text + "z")  # z is nobody's
            listener: Any = keyboard._listener
            listener.wanted |= {"z"}
            until(lambda: listener._keys.read() or "z" in listener.heard)
            listener.heard.remove("z")
            return keyboard.read(now)

        return keyboard, read

    return make


def test_a_key_counts_for_a_moment_and_while_it_is_repeated(typed):
    keyboard, read = typed()
    said = read("\x1b[A", 1.0)
    assert said.rate.tolist() == [[1.0, 0, 0, 0, 0, 0]]
    assert keyboard.read(1.0 + 0.9 * HELD).rate[0, 0] == 1.0
    assert not keyboard.read(1.0 + 1.1 * HELD).rate.any()
    read("i", 2.0)
    assert read("i", 2.1).rate[0, 2] == 1.0
    assert keyboard.read(2.2).rate[0, 2] == 1.0
    keyboard.close()


def test_t_takes_the_arm_and_gives_it_back_and_an_episode_begins_without(typed):
    keyboard, read = typed()
    assert [read(text, 0.0).mine for text in ("t", "", "t", "t")] == [True, True, False, True]
    keyboard.begin(ONE)
    assert not keyboard.read(0.1).mine
    keyboard.close()


def test_blur_is_release_of_the_motion_and_not_of_the_arm(typed):
    keyboard, read = typed()
    read("t\x1b[A", 0.0)
    said = read("\x1b[O", 0.01)
    assert (said.rate.any(), said.mine) == (False, True)
    keyboard.close()


def test_grippers_are_left_until_they_are_told(typed):
    keyboard, read = typed(TWO)
    assert np.isnan(read("t", 0.0).gripper).all()
    assert read("c", 0.1).gripper[0] == 0.0
    said = read("2o\x1b[D", 0.2)
    np.testing.assert_array_equal(said.gripper, [0.0, 1.0])
    assert said.rate[:, 1].tolist() == [0.0, 1.0]
    keyboard.close()


def test_a_terminal_that_is_gone_or_none_is_told(typed, terminal, screen, until):
    keyboard, _ = typed()
    keyboard._listener._keys.gone = True
    with pytest.raises(TeleoperatorError, match="terminal must be there"):
        keyboard.read(0.0)
    keyboard.close()
    keyboard.close()
    with pytest.raises(TeleoperatorError, match="must have a terminal"):
        KeyboardTeleoperator(ONE, keyboard=screen, screen=screen).connect()
