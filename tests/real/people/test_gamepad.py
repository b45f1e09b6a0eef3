"""A gamepad of SDL's own, which is not there in flesh: its library's, with a stand-in for hands."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from real.people.gamepad import GamepadTeleoperator
from real.people.teleoperator import TeleoperatorError
from real.tasks.files import load_preset

pygame = pytest.importorskip("pygame")
LIBRARIES = [*Path(pygame.__file__).parents[1].glob("pygame.libs/libSDL2-2*")]
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="pygame has no SDL of its own here")
ONE, TWO = load_preset("place-orange"), load_preset("open-box")
AXES = ("left_x", "left_y", "right_x", "right_y")
BUTTONS = {"A": 0, "B": 1, "X": 2, "Y": 3, "back": 4, "start": 6, "left": 9, "right": 10}
BUTTONS |= {"up": 11, "dpad_left": 13}
KIND = 1
"""SDL's number of gamepads."""


class Pad:
    """A gamepad that SDL plays, moved by a test."""

    def __init__(self):
        self.sdl = ctypes.CDLL(str(LIBRARIES[0]))
        self.sdl.SDL_JoystickOpen.restype = ctypes.c_void_p
        self.index = self.sdl.SDL_JoystickAttachVirtual(KIND, 6, 21, 0)
        assert self.index >= 0
        self.stick = ctypes.c_void_p(self.sdl.SDL_JoystickOpen(self.index))
        self.attached = True

    def move(self, **axes):
        for name, share in axes.items():
            value = ctypes.c_int16(round(32767 * share))
            self.sdl.SDL_JoystickSetVirtualAxis(self.stick, AXES.index(name), value)

    def press(self, *names, down=True):
        for name in names:
            number = BUTTONS[name]
            self.sdl.SDL_JoystickSetVirtualButton(self.stick, number, ctypes.c_uint8(down))

    def unplug(self):
        if self.attached:
            self.sdl.SDL_JoystickClose(self.stick)
            self.sdl.SDL_JoystickDetachVirtual(self.index)
            self.attached = False


@pytest.fixture
def pad(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    from pygame._sdl2 import controller

    controller.init()
    pad = Pad()
    yield pad
    pad.unplug()
    controller.quit()
    pygame.display.quit()


@pytest.fixture
def person(pad):
    person = GamepadTeleoperator(TWO)
    person.connect()
    person.read(0.0)  # everything is seen at rest
    yield person
    person.close()
    person.close()


def test_sticks_move_the_arm_along_the_base_and_the_shoulder_button_is_the_clutch(pad, person):
    pad.move(left_y=-1.0, left_x=1.0, right_y=-1.0, right_x=-1.0)
    pad.press("right", "up", "dpad_left")
    said = person.read(1.0)
    assert said.mine
    np.testing.assert_allclose(said.rate[0], [1, -1, 1, -1, 1, 1], atol=1e-3)
    assert not said.rate[1].any()
    pad.press("right", down=False)
    assert not person.read(2.0).mine


def test_a_stick_that_was_held_down_before_moves_nothing_until_it_rests(pad):
    pad.move(left_y=-1.0)
    pad.press("right")
    person = GamepadTeleoperator(ONE)
    person.connect()
    said: Any = person.read(0.0)
    assert (said.rate.any(), said.mine) == (False, False)
    pad.move(left_y=0.0)
    pad.press("right", down=False)
    person.read(0.1)
    pad.move(left_y=-1.0)
    said = person.read(0.2)
    assert said.rate[0, 0] == pytest.approx(1.0, abs=1e-3)
    person.close()


def test_grippers_arms_and_words(pad, person):
    pad.press("A")
    assert np.isnan(person.read(0.0).gripper).all()  # not without the clutch
    pad.press("right")
    assert person.read(0.1).gripper[0] == 0.0
    pad.press("A", down=False)
    pad.press("Y", "start", "left")
    said = person.read(0.2)
    assert said.buttons == {"success", "stop"}
    pad.press("B")
    assert person.read(0.3).gripper.tolist() == [0.0, 1.0]
    person.begin(TWO)
    assert np.isnan(person.read(0.4).gripper[0])


def test_one_that_is_unplugged_is_told_and_found_again(pad, person):
    pad.unplug()
    for _ in range(2):
        with pytest.raises(TeleoperatorError, match=r"must be there\. Got: 0"):
            person.read(1.0)
    again = Pad()
    assert not person.read(2.0).mine
    again.press("right")
    assert person.read(3.0).mine
    again.unplug()
