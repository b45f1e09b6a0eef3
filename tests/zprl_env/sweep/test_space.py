"""What varies is a setting of train_sb3.py, between values that it takes."""

from __future__ import annotations

import pytest

from zprl_env import ZprlError
from zprl_env.errors import UnknownNameError
from zprl_env.sweep.space import flags, parse_space
from zprl_env.training.command_line import parse
from zprl_env.training.settings.search import SPACES, Between, OneOf


def test_a_range_is_drawn_from_and_words_are_chosen_among():
    space = parse_space(["--tau=0.001..0.02", "noise=zero,fresh", "scale=1,2.5"], "sac")
    assert space["tau"] == Between(0.001, 0.02)
    assert space["noise"] == OneOf(("zero", "fresh"))
    assert space["scale"] == OneOf(("1", "2.5"))


@pytest.mark.parametrize("algo", [*SPACES, "stable_baselines3:SAC"])
def test_the_usual_space_is_that_of_rl_zoo_s_trials_and_settings_all(algo):
    space = parse_space([], algo)
    assert "learning_rate" in space
    for name in space:
        parse(["--algo", algo, *flags({name: str(first_values(algo)[name])})])


def first_values(algo: str) -> dict:
    usual = SPACES["sac" if ":" in algo else algo]
    return {n: one.low if isinstance(one, Between) else one.values[0] for n, one in usual.items()}


@pytest.mark.parametrize("word", ["tau", "tau=", "tau=0.1", "tau=0..1", "tau=2..1", "tau=a..b"])
def test_what_does_not_vary_is_refused(word):
    with pytest.raises(ZprlError, match=r"vary must be NAME=LOW\.\.HIGH, two numbers"):
        parse_space([word], "sac")


@pytest.mark.parametrize("word", ["lerning-rate=1..2", "seed=1,2", "out=a,b"])
def test_what_is_no_setting_is_refused(word):
    with pytest.raises(UnknownNameError, match="unknown setting"):
        parse_space([word], "sac")


def test_flags_are_read_back_as_what_was_drawn():
    drawn = {"learning_rate": 0.00012345678, "layer_norm": "False", "hidden": "64 64"}
    config = parse(flags(drawn | {"num_envs": "2"}))
    assert config.recipe.learning_rate == pytest.approx(0.000123457)
    assert (config.recipe.layer_norm, config.recipe.hidden) == (False, (64, 64))
    assert config.num_envs == 2
