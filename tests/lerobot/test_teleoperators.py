"""LeRobot's teleoperators: a leader arm, and a device with events of its own."""

from __future__ import annotations

import os
import pty
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lerobot.teleoperators.utils import TeleopEvents

from real.people.table import make_teleoperator
from real.people.teleoperator import TeleoperatorError
from real.tasks.files import load_preset
from tests.lerobot.leaderofatest import LeaderOfATest
from tests.lerobot.padofatest import PadOfATest
from zprl_env.errors import ConfigurationError, UnknownNameError

TASK = load_preset(str(Path(__file__).parent / "so101.yaml"))


def reached(name, preset, **options) -> Any:
    """Make a device that is not read by a thread, and reach it."""
    threaded: Any = make_teleoperator(name, preset, **options).device
    threaded._device.connect()
    return threaded._device


@pytest.fixture
def terminal(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as file:
        monkeypatch.setattr(sys, "stdin", file)
        yield ours
    os.close(ours)


def test_a_leader_arm_takes_the_arms_by_a_key_and_tells_where_it_is(terminal):
    device = reached("lerobot:leader_of_a_test", TASK)
    assert not device.read(0.0).mine
    os.write(terminal, b"t")
    deadline = time.monotonic() + 10.0
    while not (said := device.read(1.0)).mine:
        assert time.monotonic() < deadline
    LeaderOfATest.places = {**LeaderOfATest.places, "elbow_flex": 90.0, "gripper": 25.0}
    said = device.read(2.0)
    np.testing.assert_allclose(said.leader, [[0, 0, np.pi / 2, 0, 0, 0.25]])
    device.begin(TASK)
    assert not device.read(3.0).mine
    device.close()
    device.close()


def test_a_device_with_events_takes_the_arms_by_these():
    device = reached("lerobot:pad_of_a_test", load_preset("place-orange"))
    PadOfATest.events = {TeleopEvents.IS_INTERVENTION: True, TeleopEvents.SUCCESS: True}
    said = device.read(0.0)
    assert (said.mine, said.buttons) == (True, {"success"})
    np.testing.assert_array_equal(said.rate, [[0.5, 0.0, -1.0, 0.0, 0.0, 0.0]])
    assert said.gripper[0] == 0.0
    PadOfATest.events = {TeleopEvents.RERECORD_EPISODE: True}
    said = device.read(1.0)
    assert (said.mine, said.buttons) == (False, {"repeat"})
    device.close()


def test_one_that_is_not_calibrated_is_refused(terminal):
    device = make_teleoperator("lerobot:leader_of_a_test", TASK, calibrated=False).device
    with pytest.raises(TeleoperatorError, match="lerobot-calibrate"):
        device.connect()


def test_joints_that_are_not_the_presets_are_refused():
    with pytest.raises(ConfigurationError, match="must have the joints that place-orange"):
        make_teleoperator("lerobot:leader_of_a_test", load_preset("place-orange"))


def test_names_and_settings_that_are_none_are_refused():
    with pytest.raises(UnknownNameError, match="so101_leader"):
        make_teleoperator("lerobot:so101_leadr", TASK)
    with pytest.raises(ConfigurationError, match=r"takes: .*calibrated"):
        make_teleoperator("lerobot:leader_of_a_test", TASK, colour="red")


def test_lerobots_own_leader_is_made():
    device = make_teleoperator("lerobot:so101_leader", TASK, port="/dev/null").device
    with pytest.raises(TeleoperatorError, match="must answer"):
        device.connect()
