"""What earlier versions wrote is still read: noise_scale is noise."""

from __future__ import annotations

import inspect

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, ConfigurationError, SteeringVecEnv
from zprl_env.options.former import with_present_names, with_present_settings
from zprl_env.options.noise import FlowNoise
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"noise_scale": 0}, {"noise": "zero"}),
        ({"noise_scale": 1}, {"noise": "fresh"}),
        ({"noise_scale": 0.1}, {"noise": "fresh:0.1"}),
        ({"noise_scale": None, "scale": 1.0}, {"noise": None, "scale": 1.0}),
        ({"noise_scale": 0.0, "scale": "auto"}, {"noise": "zero", "scale": "published"}),
        ({"scale": "auto"}, {"scale": "auto"}),
        ({"noise": "fixed:3"}, {"noise": "fixed:3"}),
    ],
)
def test_an_old_file_s_options_get_their_present_names(before, now):
    assert with_present_names(before) == now


def test_a_temperature_survives_to_the_last_bit():
    noise = with_present_names({"noise_scale": 0.1 + 0.2})["noise"]
    assert FlowNoise.parse(noise).temperature == 0.1 + 0.2


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), True, "1", [1.0], 1e300])
def test_an_old_temperature_that_was_none_is_refused(value):
    with pytest.raises(ConfigurationError, match="noise_scale must be a finite number"):
        with_present_names({"noise_scale": value})


def test_a_file_that_says_it_twice_is_refused():
    with pytest.raises(ConfigurationError, match="noise must be said once"):
        with_present_names({"noise_scale": 1.0, "noise": "fresh"})


def test_who_learned_from_people_by_the_former_bound_is_told_that_another_one_holds():
    before = {"teleoperator": "keyboard", "takeover": "prior", "takeover_residual": 0.1}
    with pytest.warns(UserWarning, match=r"takeover_residual 0\.1, .* --takeover-unexplained sets"):
        assert with_present_settings(before) == {"teleoperator": "keyboard", "takeover": "prior"}
    for nobody in ({"takeover": "demo"}, {"teleoperator": None}):
        assert "takeover_residual" not in with_present_settings(before | nobody)


@pytest.mark.parametrize("name", STEERINGS)
def test_code_that_says_the_former_name_is_told_the_present_one(name):
    policy, message = LinearPolicy(3, 2), r"noise_scale is called noise.*Try noise='zero'"
    with pytest.raises(ConfigurationError, match=message):
        STEERINGS[name].wrapper(RecordingEnv(), policy, noise_scale=0.0)
    chunks = DummyVecEnv([lambda: ActionChunkWrapper(RecordingEnv(), 2)])
    with pytest.raises(ConfigurationError, match=message):
        SteeringVecEnv(chunks, policy, steer=name, noise_scale=0.0)
    env = STEERINGS[name].wrapper(RecordingEnv(), policy)
    with pytest.raises(ConfigurationError, match=message):
        env.steering.change("noise_scale", 0.0)
    assert "noise_scale" not in inspect.signature(type(env).__init__).parameters
