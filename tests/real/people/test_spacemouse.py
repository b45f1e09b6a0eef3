"""A SpaceMouse by the interface of pyspacemouse 2, with a stand-in for the device."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from enum import Enum
from types import SimpleNamespace

import numpy as np
import pytest

from real.people.spacemouse import REPORTS, SpaceMouseTeleoperator
from real.people.takeover import SILENCE
from real.people.teleoperator import TeleoperatorError
from real.tasks.files import load_preset
from zprl_env.errors import MissingExtraError

PRESET = load_preset("place-orange")


@dataclass
class State:
    """As pyspacemouse's."""

    t: float = -1.0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    buttons: list[int] = field(default_factory=lambda: [0, 0])


class Device:
    """Gives one report per read, as pyspacemouse does."""

    def __init__(self):
        self.state, self.reports, self.error, self.reads = State(), [], None, 0

    def report(self, **axes):
        self.reports.append(axes)

    def read(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        if self.reports:
            self.state = replace(self.state, t=self.state.t + 1.0, **self.reports.pop(0))
        return self.state

    def close(self):
        self.error = OSError("closed")


class Convention(Enum):
    """As pyspacemouse's."""

    HID_Z_UP = "hid_z_up"


@pytest.fixture
def device(monkeypatch):
    device = Device()

    def find(*, nonblocking, axis_convention):
        assert (nonblocking, axis_convention) == (True, Convention.HID_Z_UP)
        if device.error is not None:
            raise RuntimeError("No connected or supported devices found.")
        return device

    module = SimpleNamespace(open=find, AxisConvention=Convention)
    monkeypatch.setitem(sys.modules, "pyspacemouse", module)
    return device


@pytest.fixture
def person(device):
    person = SpaceMouseTeleoperator(PRESET)
    person.connect()
    person.read(0.0)
    return person


def test_pushed_away_it_moves_the_arm_along_x(device, person):
    device.report(x=0.0, y=1.0, z=0.5, buttons=[1, 0])
    said = person.read(1.0)
    assert said.mine
    assert said.rate[0, 0] == 1.0
    assert 0.4 < said.rate[0, 2] < 0.5
    device.report(x=1.0, y=0.0, z=0.0, roll=1.0, pitch=-1.0, yaw=1.0)
    np.testing.assert_allclose(person.read(1.1).rate[0], [0, -1, 0, -1, -1, 1])


def test_reports_are_read_until_there_is_none_so_that_none_is_read_late(device, person):
    for n in range(REPORTS // 2):
        device.report(y=n / 100.0)
    device.report(y=0.9)
    assert person.read(1.0).rate[0, 0] > 0.85


def test_a_deflection_that_is_not_reported_any_more_grows_old(device, person):
    device.report(y=1.0, buttons=[1, 0])
    assert person.read(1.0).stamp == 1.0
    said = person.read(1.0 + SILENCE + 0.01)
    assert said.stamp == 1.0  # so that it is silence to a takeover
    device.report(y=0.0)
    said = person.read(2.0)
    assert (said.stamp, said.mine) == (2.0, True)
    assert person.read(9.0).stamp == 9.0  # at rest it reports nothing, and that is no silence


def test_the_second_button_closes_and_opens(device, person):
    openings = []
    for buttons in ([1, 0], [1, 1], [1, 0], [1, 1]):
        device.report(buttons=buttons)
        openings.append(person.read(1.0).gripper[0])
    np.testing.assert_array_equal(openings, [np.nan, 0.0, 0.0, 1.0])


def test_one_that_is_unplugged_is_told_with_the_rule_that_lets_it_be_read(device, person):
    device.error = OSError("read error")
    with pytest.raises(TeleoperatorError, match=r"must answer\. Got: read error"):
        person.read(1.0)
    device.error = OSError()
    with pytest.raises(TeleoperatorError, match=r'99-spacemouse\.rules.*KERNEL=="hidraw'):
        person.read(1.1)
    device.error = None
    assert not person.read(2.0).mine
    person.close()
    person.close()


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspacemouse", None)
    with pytest.raises(MissingExtraError, match=r"zprl-env\[spacemouse\]"):
        SpaceMouseTeleoperator(PRESET)
