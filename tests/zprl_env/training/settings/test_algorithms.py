"""Algorithms by name, and one's own by module:Class."""

from __future__ import annotations

import pytest
from stable_baselines3 import A2C, DDPG, SAC
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from tests.helpers.small_model import trained
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.hyperparams import hyperparameter_file
from zprl_env.loading.named import load_object
from zprl_env.training.settings.algorithms import (
    ALGORITHMS,
    UNUSED,
    find_algorithm,
    names_in,
)
from zprl_env.training.settings.recipe import recipe_for


class Own(SAC):
    """SAC with an argument of its own, which passes the others on."""

    def __init__(self, *args, patience: int = 3, **kwargs):
        super().__init__(*args, **kwargs)
        self.patience = patience


HERE = __name__


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_row_s_class_networks_and_file_are_there_and_of_its_kind(name):
    row = ALGORITHMS[name]
    kind = OffPolicyAlgorithm if row.off_policy else OnPolicyAlgorithm
    assert issubclass(row.algorithm, kind)
    assert load_object(row.policy, "policy").__name__ == row.policy.rpartition(":")[2]
    assert hyperparameter_file(name).exists()
    assert row.options | row.sbx_options <= UNUSED.keys()


def test_those_in_jax_are_in_the_table():
    assert names_in("sbx") == ["sac", "tqc", "crossq", "ppo"]


def test_a_subclass_of_one_s_own_is_treated_as_the_algorithm_it_derives_from():
    name = f"{HERE}:Own"
    row = find_algorithm(name)
    assert (row.algorithm, row.like, row.policy) == (Own, "sac", ALGORITHMS["sac"].policy)
    assert recipe_for(name, "default", "latent") == recipe_for("sac", "default", "latent")
    model, _, history = trained(name)
    assert type(model) is Own
    assert history.env_steps >= 120
    assert model.policy.layer_norm


def test_another_one_gets_stable_baselines_networks_and_the_arguments_it_has():
    row = find_algorithm("stable_baselines3:A2C")
    assert (row.policy, row.like, row.off_policy) == ("MlpPolicy", "ppo", False)
    model, recipe, history = trained("stable_baselines3:A2C", learning_rate=0.01)
    assert type(model) is A2C
    assert (model.n_steps, model.learning_rate) == (recipe.rollout_decisions, 0.01)
    assert model.gae_lambda == recipe.gae_lambda
    assert model.policy.net_arch == [8, 8]
    assert history.env_steps >= 120


def test_stable_baselines_own_variant_is_td3_s_with_its_own_choices():
    row = find_algorithm("stable_baselines3:DDPG")
    assert (row.like, row.off_policy) == ("td3", True)
    model, _, _ = trained("stable_baselines3:DDPG", n_critics=1)
    assert type(model) is DDPG


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("scq", UnknownNameError, "unknown algorithm 'scq'; did you mean 'sac'"),
        ("math:tau", ConfigurationError, r"subclass of Stable-Baselines3's .* Got: 6\.28"),
        (
            "stable_baselines3:SCA",
            UnknownNameError,
            "of the module stable_baselines3 'SCA'; did you mean",
        ),
    ],
)
def test_what_is_no_algorithm_is_refused(name, kind, message):
    with pytest.raises(kind, match=message):
        find_algorithm(name)
