"""No algorithm silently leaves undone what it is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zprl_env.errors import ZprlError
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config
from zprl_env.training.settings.algorithms import ALGORITHMS, names_in, off_policy_names
from zprl_env.training.settings.compatibility import (
    check_algorithm,
    check_inputs,
    check_overlap,
)
from zprl_env.training.settings.recipe import recipe_for


def test_every_algorithm_is_in_the_table_and_can_do_what_its_default_says():
    for backend in ("torch", "sbx"):
        for algo in names_in(backend):
            check_algorithm(algo, backend, recipe_for(algo, "default", "latent"))


@pytest.mark.parametrize(
    ("algo", "backend", "settings", "message"),
    [
        ("ppo", "torch", {"layer_norm": True}, r"layer_norm must be False .* ppo --backend torch"),
        ("crossq", "torch", {"layer_norm": True}, r"Got: True\. Try --no-layer-norm, or"),
        ("td3", "torch", {"use_sde": True}, "use_sde must be False with --algo td3"),
        ("sac", "sbx", {"use_sde": True}, "use_sde must be False .* --backend sbx"),
        ("trpo", "torch", {"action_noise": 0.1}, r"action_noise must be 0\.0 .* Got: 0\.1\."),
        ("tqc", "sbx", {"n_critics": 5}, r"n_critics must be 2 .* Got: 5\."),
        ("tqc", "torch", {"squash_q": True}, "squash_q must be False with --algo tqc"),
        ("sac", "torch", {"squash_q": True, "layer_norm": False}, "squash_q must come with layer"),
        ("td3", "torch", {"best_of": 4}, r"best_of must be 1 with --algo td3"),
        ("sac", "torch", {"pull": 0.1, "layer_norm": False}, "pull must come with layer_norm"),
        ("sac", "torch", {"target_critics": 3}, r"at most n_critics\. Got: 3 of 2"),
        ("sac", "torch", {"use_sde": True, "hold": 3}, r"1 with use_sde.* Got: 1 and 3"),
        ("td3", "torch", {"progressive_exploration": 9}, "progressive_exploration must be 0 with"),
        ("td3", "torch", {"critic_input": "sum"}, "critic_input must be action with --algo td3"),
        ("sac", "sbx", {"reset_every": 9}, "reset_every must be 0 .* --backend sbx"),
        ("tqc", "torch", {"base_samples": 8}, "base_samples must be 0 with --algo tqc"),
        ("sac", "torch", {"base_samples": 8}, "Got: base_samples 8 with ent_coef auto_0.01"),
        ("sac", "torch", {"base_samples": 8, "ent_coef": "0", "hold": 2}, "without .* hold"),
        ("ppo", "torch", {"activation": "tanh"}, "activation must be relu with --algo ppo"),
        ("crossq", "torch", {"actor_layer_norm": True}, "actor_layer_norm must be False with"),
        ("sac", "torch", {"critic_input": "sum", "pull": 0.1}, r"pull must be 0 .* Got: 0\.1\."),
        (
            "sac",
            "torch",
            {"progressive_exploration": 9, "warmup_noise": 0.1},
            r"must be 0 with progressive_exploration.* Got: 0 and 0\.1",
        ),
        (
            "trpo",
            "torch",
            {"max_grad_norm": 1.0},
            "Try to leave --max-grad-norm out, or --algo sac",
        ),
        ("td3", "torch", {"log_std_max": 0.0}, r"log_std_max must be 2\.0 with --algo td3"),
        ("sac", "torch", {"use_sde": True, "log_std_min": -5.0}, "20 and 2 .* Got: -5 and 2"),
        ("ppo_lstm", "sbx", {}, r"one of sac, tqc, crossq, ppo\. Got: --algo ppo_lstm\."),
        ("trpo", "sbx", {}, r"one of sac, tqc, crossq, ppo\. Got: --algo trpo\."),
    ],
)
def test_what_an_algorithm_lacks_is_refused(algo, backend, settings, message):
    with pytest.raises(ZprlError, match=message):
        check_algorithm(algo, backend, replace(recipe_for(algo, "default", "latent"), **settings))


@pytest.mark.parametrize(
    ("steer", "settings", "message"),
    [
        ("action", {"critic_input": "sum"}, "Got: --steer action and "),
        ("latent", {"base_samples": 8}, "with --steer noise and no noise_steps.* Got: --steer lat"),
        ("noise", {"base_samples": 8, "steer_kwargs": ("noise_steps=2",)}, "no noise_steps"),
        ("latent", {"actor_sees_base": False}, "must come with --steer action and"),
        (
            "latent",
            {"critic_input": "chunk", "noise": "fresh"},
            "--noise zero, or fixed:SEED, and no",
        ),
        ("latent", {"time_left": True, "observation": "state"}, "time_left must come with obs"),
    ],
)
def test_inputs_that_a_way_of_steering_does_not_have_are_refused(steer, settings, message):
    with pytest.raises(ZprlError, match=message):
        check_inputs(steer, replace(recipe_for("sac", "default", steer), **settings))


def test_the_command_line_refuses_it_too():
    with pytest.raises(ZprlError, match="layer_norm must be False with --algo tqc"):
        parse(["--algo", "tqc", "--layer-norm"])


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_only_what_has_a_replay_buffer_overlaps(algo):
    if algo in off_policy_names():
        check_overlap(algo, 2)
        assert Config(
            algo=algo, num_envs=2, overlap=True, recipe=recipe_for(algo, "default", "latent")
        ).overlap
    else:
        with pytest.raises(ZprlError, match="--algo sac, td3, tqc or crossq and an even"):
            check_overlap(algo, 2)
