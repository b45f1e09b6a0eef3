"""Hosts of controllers: one for each arm, and none for arms that cannot go home."""

from __future__ import annotations

import pytest

from real.drivers.hosts import check_postures, hosts_of
from real.tasks.files import load_preset
from tests.helpers.robots.servoing import loopback_preset
from zprl_env.errors import ConfigurationError

PRESET = loopback_preset((0.0,) * 6, model="ur5e")


def test_spaces_about_them_are_nobody_s():
    assert hosts_of(PRESET, " arm.local ") == ("arm.local",)


@pytest.mark.parametrize("host", ["a,b", "a,", "a,b,c"])
def test_they_are_as_many_as_the_arms(host):
    with pytest.raises(ConfigurationError, match=r"a controller for each of the 1 arms.*commas"):
        hosts_of(PRESET, host)


def test_an_arm_needs_a_posture_to_go_home_to():
    with pytest.raises(ConfigurationError, match=r"home\.joints of place-orange must be"):
        check_postures(load_preset("place-orange").untracked())
    check_postures(PRESET)
