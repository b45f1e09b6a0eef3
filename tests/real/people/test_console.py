"""The console's stick is a device like any other, and needs a console."""

from __future__ import annotations

import numpy as np
import pytest

from real.console.hands import Hands
from real.people.table import make_teleoperator
from real.people.teleoperator import TeleoperatorError
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")


def test_it_says_what_the_hands_say_and_lets_go_when_an_episode_begins():
    hands = Hands(lambda: 5.0)
    device = make_teleoperator("console", PRESET, hands=hands).device
    device.connect()
    hands.take(True)
    hands.move("a", 1.0, 0, [0.5, 0, 0, 0, 0, 0])
    said = device.read(2.0)
    assert (said.mine, said.stamp) == (True, 2.0)
    assert said.rate is not None
    assert np.flatnonzero(said.rate).tolist() == [0]
    device.begin(PRESET)  # type: ignore[attr-defined]
    assert not device.read(2.0).mine
    device.close()


def test_without_a_console_it_is_refused():
    with pytest.raises(TeleoperatorError, match="Give --console"):
        make_teleoperator("console", PRESET)
