"""Settings of imitation are checked where they are made, and name the model that they ask for."""

import dataclasses

import pytest

from policies.errors import ConfigurationError
from policies.imitation.config import BottleneckConfig, PretrainConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be positive. Got: 0."),
        ({"beta": -1.0}, "beta must be at least 0. Got: -1.0."),
        ({"val_fraction": 1.0}, r"val_fraction must be in \[0, 1\). Got: 1.0."),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        PretrainConfig(**changes)


@pytest.mark.parametrize("name", ["steps", "batch_size", "learning_rate", "log_every"])
def test_a_bottleneck_s_numbers_must_be_positive(name):
    with pytest.raises(ConfigurationError, match=rf"{name} must be positive\. Got: -1\."):
        BottleneckConfig(**{name: -1})  # type: ignore[arg-type]


def test_the_model_has_the_settings_sizes_and_those_of_the_demonstrations():
    settings = PretrainConfig(horizon=12, latent_dim=5, hidden_dim=96, n_euler_steps=7)
    model = settings.model_config(observation_dim=19, action_dim=7)
    assert (model.observation_dim, model.action_dim) == (19, 7)
    shared = {f.name for f in dataclasses.fields(model)} & {
        f.name for f in dataclasses.fields(settings)
    }
    assert {"horizon", "latent_dim", "hidden_dim", "n_euler_steps"} <= shared
    assert all(getattr(model, name) == getattr(settings, name) for name in shared)
