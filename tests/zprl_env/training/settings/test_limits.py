"""Numbers are refused where they are made."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from zprl_env.errors import ZprlError
from zprl_env.evaluate import Evaluation
from zprl_env.training.config import Config
from zprl_env.training.settings import limits
from zprl_env.training.settings.algorithms import ALGORITHMS
from zprl_env.training.settings.recipe import Recipe, recipe_for

ANY_NUMBER = {"target_entropy", "log_std_init", "log_std_min", "log_std_max"}


@pytest.mark.parametrize(
    ("kind", "table"),
    [(Config, limits.CONFIG), (Recipe, limits.RECIPE), (Evaluation, limits.EVALUATION)],
)
def test_every_number_has_its_limits(kind, table):
    numbers = {f.name for f in fields(kind) if "int" in f.type or "float" in f.type} - {"hidden"}
    assert numbers - ANY_NUMBER == set(table)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_the_defaults_keep_to_them(algo):
    limits.check_recipe(recipe_for(algo, "default", "latent"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total_env_steps": 0}, r"total_env_steps must be at least 1\. Got: 0\."),
        ({"num_envs": 0}, "num_envs must be at least 1 and at most 10000. Got: 0."),
        ({"eval_episodes": -1}, r"eval_episodes must be at least 1\. Got: -1\."),
        ({"eval_every": 0}, "eval_every must be at least 1"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"seed": 1_000_000}, "seed must be at least 0 and at most 990000. Got: 1000000."),
        ({"seed": -1}, "seed must be at least 0"),
        ({"overlap": True}, r"even --num-envs.* Got: sac, 1\. Try --algo sac --num-envs 2\."),
        ({"overlap": True, "num_envs": 2, "algo": "ppo"}, r"--algo sac, .* Got: ppo, 2\."),
    ],
)
def test_a_run_s_numbers(change, message):
    with pytest.raises(ZprlError, match=message):
        Config(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": -1.0}, r"scale must be at least 0\. Got: -1\.0\."),
        ({"scale": float("nan")}, r"scale must be at least 0\. Got: nan\."),
        ({"noise": "-0.5"}, "noise must be 'fresh'"),
        ({"gamma": 0.0}, r"gamma must be above 0 and at most 1\. Got: 0\.0\."),
        ({"action_noise": -0.1}, "action_noise must be at least 0"),
        ({"gamma": 1.01}, "gamma must be above 0 and at most 1"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0\. Got: 0\.0\."),
        ({"reward_scale": -1.0}, r"reward_scale must be above 0\. Got: -1\.0\."),
        ({"n_action_steps": 0}, "n_action_steps must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"buffer_size": 0}, "buffer_size must be at least 1"),
        ({"ent_coef": "much"}, "ent_coef must be 'auto', 'auto_' and a number above 0, or a num"),
        ({"ent_coef": "auto_0"}, r"number, at least 0\. Got: 'auto_0'"),
        ({"ent_coef": "-1"}, r"number, at least 0\. Got: '-1'"),
        ({"max_grad_norm": 0.0}, r"max_grad_norm must be above 0\. Got: 0\.0\."),
        ({"log_std_min": 3.0}, r"log_std_min must be below log_std_max\. Got: 3 and 2\."),
        ({"squash_q": True, "reward": "penalty"}, r"squash_q must come .* Got: penalty and 1\."),
        ({"hidden": (128, 0)}, r"hidden must be layers of at least 1\. Got: \(128, 0\)\."),
    ],
)
def test_a_recipe_s_numbers(change, message):
    with pytest.raises(ZprlError, match=message):
        Config(algo="sac", recipe=replace(Recipe(), **change))


def test_words_that_stand_for_numbers_pass():
    Config(algo="sac", recipe=replace(Recipe(), scale="auto", n_action_steps=None))
