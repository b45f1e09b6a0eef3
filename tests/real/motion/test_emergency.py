"""A stop is remembered until somebody releases it."""

from __future__ import annotations

import dataclasses

import pytest

from real.motion.emergency import EmergencyStop, Source, Stop


def test_in_the_beginning_the_arms_may_move():
    emergency = EmergencyStop()
    assert emergency.stop is None
    assert not emergency.latched


def test_a_stop_says_who_why_and_when():
    emergency = EmergencyStop()
    emergency.trip("operator", "the operator stopped the arms", stamp=1.5)
    assert emergency.latched
    assert emergency.stop == Stop("operator", "the operator stopped the arms", 1.5)


def test_what_comes_later_does_not_hide_the_first_reason():
    emergency = EmergencyStop()
    emergency.trip("watchdog", "the state is 0.31 s old", stamp=4.0)
    later: tuple[Source, ...] = ("driver", "operator", "software")
    for source in later:
        emergency.trip(source, "something else", stamp=5.0)
    assert emergency.stop == Stop("watchdog", "the state is 0.31 s old", 4.0)


def test_it_stays_until_it_is_released_and_then_the_next_has_its_own_reason():
    emergency = EmergencyStop()
    emergency.trip("driver", "no answer", stamp=1.0)
    emergency.release()
    assert not emergency.latched
    emergency.trip("software", "KeyboardInterrupt", stamp=2.0)
    assert emergency.stop == Stop("software", "KeyboardInterrupt", 2.0)


def test_releasing_what_is_not_stopped_changes_nothing():
    emergency = EmergencyStop()
    emergency.release()
    assert not emergency.latched


def test_nobody_rewrites_a_reason():
    stop = Stop("driver", "no answer", 1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        stop.reason = "nothing happened"  # type: ignore[misc]
