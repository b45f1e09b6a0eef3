"""One client at a time has the arms, for as long as it is heard of."""

from __future__ import annotations

import pytest

from real.network.lease import CommandRefusedError, Lease


@pytest.fixture
def time():
    return [0.0]


@pytest.fixture
def lease(time):
    return Lease(2.0, lambda: time[0])


def test_the_first_to_command_gets_it_and_others_are_told_whose_the_arms_are(lease, time):
    lease.claim("trainer")
    time[0] = 1.5
    with pytest.raises(CommandRefusedError, match=r"The arms are of trainer, .* 1\.5 s ago"):
        lease.claim("player")
    assert lease.holder == "trainer"


def test_who_was_not_heard_of_lately_holds_nothing_up(lease, time):
    lease.claim("trainer")
    assert lease.present == "trainer"
    time[0] += 2.1
    assert (lease.present, lease.holder) == (None, "trainer")


def test_a_sign_of_life_keeps_it_and_a_silence_loses_it(lease, time):
    lease.claim("trainer")
    time[0] = 1.9
    assert lease.renew("trainer")
    assert not lease.renew("player")
    time[0] = 3.8
    with pytest.raises(CommandRefusedError):
        lease.claim("player")
    time[0] = 4.0
    lease.claim("player")
    assert lease.holder == "player"


def test_who_leaves_makes_room_at_once_and_nobody_else_can(lease):
    lease.claim("trainer")
    lease.leave("player")
    assert lease.holder == "trainer"
    lease.leave("trainer")
    lease.claim("player")
