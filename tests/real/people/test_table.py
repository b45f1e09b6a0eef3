"""A person's device by name, class or object."""

from __future__ import annotations

import pytest

from real.clock import SimulatedClock, WallClock
from real.people.reader import ThreadedTeleoperator
from real.people.scripted import ScriptedTeleoperator
from real.people.table import TELEOPERATORS, make_teleoperator, teleoperator_class
from real.tasks.files import load_preset
from zprl_env.errors import ConfigurationError, UnknownNameError

PRESET = load_preset("place-orange")


class Blocking(ScriptedTeleoperator):
    """A device that may block."""

    blocking = True
    speed = 0.3


@pytest.mark.parametrize("name", [*TELEOPERATORS])
def test_every_name_is_a_class_whose_help_says_what_it_is(name):
    assert teleoperator_class(name).__doc__


def test_a_device_may_be_a_class_or_be_there_already():
    there = ScriptedTeleoperator(PRESET)
    assert make_teleoperator(there, PRESET).device is there
    made = make_teleoperator("tests.real.people.test_table:Blocking", PRESET, speed=0.2)
    assert (type(made.device).__name__, made.speed) == ("ThreadedTeleoperator", 0.2)
    assert make_teleoperator(Blocking, PRESET).speed == 0.3


def test_one_that_may_block_is_read_beside_where_time_passes_by_itself():
    made = make_teleoperator(Blocking, PRESET, clock=WallClock())
    assert isinstance(made.device, ThreadedTeleoperator)
    made = make_teleoperator(Blocking, PRESET, clock=SimulatedClock())
    assert isinstance(made.device, Blocking)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"teleoperator": "mouse"}, UnknownNameError, "mouse"),
        ({"teleoperator": "scripted", "colour": 1}, ConfigurationError, "takes: speed, script"),
        ({"teleoperator": "scripted", "speed": 1.5}, ConfigurationError, r"in \(0, 1\]\. Got: 1.5"),
        ({"teleoperator": ScriptedTeleoperator(PRESET), "a": 1}, ConfigurationError, "no settings"),
    ],
)
def test_what_is_impossible_is_refused(options, error, told):
    with pytest.raises(error, match=told):
        make_teleoperator(preset=PRESET, **options)
