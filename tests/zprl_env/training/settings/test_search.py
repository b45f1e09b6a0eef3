"""What tuning varies is part of no recipe's networks, discounts and ratios."""

from __future__ import annotations

import inspect

import pytest
import yaml

from zprl_env.hyperparams import hyperparameter_file
from zprl_env.training.settings.algorithms import ALGORITHMS, find_algorithm
from zprl_env.training.settings.search import SPACES, Between, OneOf, converted, sample, sampler

optuna = pytest.importorskip("optuna", reason="needs the extra zoo")

KEPT = {"policy", "policy_kwargs", "gamma", "gradient_steps", "train_freq", "learning_starts"}
KEPT |= {"buffer_size", "replay_buffer_class", "replay_buffer_kwargs", "n_steps", "n_envs"}


def test_every_algorithm_has_a_search_space():
    assert SPACES.keys() == ALGORITHMS.keys()


@pytest.mark.parametrize("algo", SPACES)
def test_what_varies_is_an_argument_of_the_algorithm_and_not_of_the_recipe_s_core(algo):
    arguments = inspect.signature(find_algorithm(algo).algorithm.__init__).parameters
    assert {*SPACES[algo]} <= {*arguments} - KEPT


@pytest.mark.parametrize("algo", SPACES)
def test_the_recipe_s_own_value_lies_within(algo):
    said = yaml.safe_load(hyperparameter_file(algo).read_text(encoding="utf-8"))["default"]
    for name, space in SPACES[algo].items():
        match space:
            case Between(low, high) if name in said:
                assert low <= float(said[name]) <= high
            case OneOf(values) if name in said:
                assert said[name] in values


@pytest.mark.parametrize("algo", SPACES)
def test_rl_zoo_s_form_draws_the_same_and_finds_it_again(algo):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    drawn = sampler(algo)(trial, 4, 1, {})
    assert drawn.keys() == SPACES[algo].keys()
    assert converted(trial.params) == drawn
    assert sample(algo, trial) == drawn  # a trial keeps what it drew
