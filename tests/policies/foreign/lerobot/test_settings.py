"""The strict reader of config.json."""

import json

import pytest

from policies.errors import CheckpointError
from policies.foreign.lerobot.settings import fitted_values, read_settings
from tests.helpers.lerobot_checkpoints import config, features

KINDS = ("diffusion", "act")


@pytest.fixture
def read(tmp_path):
    """Read a configuration with some entries changed; an entry of None is taken out."""

    def read(**changes):
        values = {key: value for key, value in config(**changes).items() if value is not None}
        (tmp_path / "config.json").write_text(json.dumps(values))
        return read_settings(tmp_path / "config.json", KINDS)

    return read


def test_lengths_features_and_modes_are_read(read):
    settings = read()
    assert (settings.n_obs_steps, settings.horizon, settings.n_action_steps) == (2, 8, 4)
    assert [feature.name for feature in settings.states] == [*features()]
    assert settings.mode(settings.states[0]) == "MIN_MAX"
    assert settings.mode(settings.states[1]) == "IDENTITY"  # a kind that is not named


def test_an_act_has_a_chunk_size(read):
    settings = read(type="act", n_obs_steps=1, chunk_size=20, n_action_steps=20, horizon=None)
    assert settings.horizon == 20


@pytest.mark.parametrize("executed", [1, 7])
def test_a_chunk_begins_at_the_last_observation(read, executed):
    assert read(n_action_steps=executed).n_action_steps == executed


@pytest.mark.parametrize("executed", [8, 9, 100])
def test_more_executed_than_predicted_from_now_on_is_refused(read, executed):
    with pytest.raises(CheckpointError, match=r"at most horizon - n_obs_steps \+ 1 = 7"):
        read(n_action_steps=executed)


@pytest.mark.parametrize("name", ["horizon", "n_obs_steps", "n_action_steps"])
@pytest.mark.parametrize("value", [None, 0, -1, 2.0, True, "8"])
def test_a_length_is_never_filled_from_a_default(read, name, value):
    with pytest.raises(CheckpointError, match=f"{name} in .* must be a positive integer"):
        read(**{name: value})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "vqbet"}, "of type diffusion, act. Got: 'vqbet'"),
        ({"type": None}, "of type diffusion, act"),
        ({"use_peft": True}, "merge_and_unload"),
        ({"use_relative_actions": True}, "relative to a state"),
        ({"rtc_config": {"enabled": True}}, "real-time chunking"),
        ({"output_features": {"actions": {"type": "ACTION", "shape": [2]}}}, "one ACTION"),
        ({"input_features": features() | config()["output_features"]}, "and input_features none"),
        ({"normalization_mapping": {"STATE": "ZSCORE"}}, "one of IDENTITY, MEAN_STD"),
        ({"normalization_mapping": None}, "normalization_mapping"),
    ],
)
def test_what_cannot_be_steered_is_refused_with_a_way_out(read, changes, told):
    with pytest.raises(CheckpointError, match=told):
        read(**changes)


KNOWN = dict.fromkeys([*config()][1:])
KNOWN |= {"use_group_norm": True, "optimizer_lr": 1e-4, "crop_ratio": 1.0}


def test_a_setting_that_is_missing_is_not_filled_from_the_installed_defaults(read):
    with pytest.raises(
        CheckpointError, match=r"without use_group_norm\. It was written by another"
    ):
        fitted_values(read(), KNOWN)


def test_settings_of_training_and_late_ones_of_no_effect_may_be_missing(read):
    values = fitted_values(read(use_group_norm=False), KNOWN)
    assert values["use_group_norm"] is False
    assert "optimizer_lr" not in values


def test_an_unknown_setting_is_refused_by_name(read):
    with pytest.raises(CheckpointError, match="unknown attention_sinks"):
        fitted_values(read(use_group_norm=True, attention_sinks=3), KNOWN)


@pytest.mark.parametrize("late", [{"gradient_checkpointing": False}, {"repo_id": "me/mine"}])
def test_an_unknown_setting_of_no_effect_is_left_out(read, late):
    assert not {*late} & {*fitted_values(read(use_group_norm=True, **late), KNOWN)}
