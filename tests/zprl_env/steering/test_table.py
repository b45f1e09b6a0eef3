"""A way of steering is a row of a table, or a class of the user's own."""

from __future__ import annotations

import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.facts import Facts
from zprl_env.steering.noise import NoiseSteering
from zprl_env.steering.table import STEERINGS, check_options, find_steering, own_options
from zprl_env.testing import LinearPolicy

OWN = f"{__name__}:Doubled"


class Doubled(NoiseSteering):
    """A user's own."""

    def __init__(self, policy, *, scale=None, gain=2.0, **options):
        super().__init__(policy, scale=scale, **options)
        self.gain = gain


@pytest.mark.parametrize("name", STEERINGS)
def test_core_and_wrapper_of_a_row_are_of_one_kind(name):
    way = find_steering(name)
    assert way.wrapper.steering_class is way.core
    assert way.core.place
    usual = way.defaults(Facts(scale=0.7))
    assert usual.keys() == {"scale", "noise_scale", "sample_latent"}


def test_a_class_of_one_s_own_gets_a_wrapper():
    way = find_steering(OWN)
    env = way.wrapper(RecordingEnv(), LinearPolicy(3, 2), gain=3.0)
    assert isinstance(env.steering, Doubled)
    assert env.steering.gain == 3.0
    assert env.action_space.shape == (8,)


def test_what_is_no_way_of_steering_is_refused():
    with pytest.raises(UnknownNameError, match="unknown way of steering 'nois'; did you mean 'noi"):
        find_steering("nois")
    with pytest.raises(ConfigurationError, match=r"subclass of zprl_env\.steering\.Steering\. Got"):
        find_steering("math:tau")


def test_options_are_those_of_the_class_alone():
    assert own_options(STEERINGS["joint"].core) == ["noise_bound"]
    assert own_options(Doubled) == ["gain"]
    check_options(OWN, {"gain": 1.0})
    with pytest.raises(UnknownNameError, match="option of --steer action 'gain'; Known: 'none'"):
        check_options("action", {"gain": 1.0})
