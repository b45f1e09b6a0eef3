"""The presets exist, say what they are, and differ where they should."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields, replace
from itertools import pairwise

import pytest

from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.steering.table import STEERINGS
from zprl_env.training.settings import recipe
from zprl_env.training.settings.recipe import Recipe, recipe_for


def test_the_fields_defaults_are_those_of_the_file_of_sac():
    assert Recipe() == recipe_for("sac", "default", "latent")


def test_the_published_settings_are_those_published():
    paper = recipe_for("sac", "paper", "latent")
    assert (paper.scale, paper.noise, paper.observation) == (0.2, "fresh", "features")
    assert paper.hidden == (256, 256, 256)
    assert (paper.gamma, paper.tau, paper.batch_size) == (0.99, 0.005, 256)
    assert (paper.reward, paper.n_steps, paper.target_entropy) == ("sparse", 1, -4.0)
    assert 2000 <= paper.warmup_decisions <= 4000


def test_every_setting_says_what_it_is():
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(recipe)).body
        if isinstance(node, ast.ClassDef)
    ]
    documented = {
        field.target.id
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
    assert documented == {field.name for field in fields(Recipe)}


@pytest.mark.parametrize("steer", STEERINGS)
def test_every_place_of_steering_has_a_scale_of_its_own_kind(steer):
    scale = recipe_for("sac", "default", steer).scale
    assert isinstance(scale, float)
    if steer == "action":
        assert scale <= 1.0  # of an action in [-1, 1]


def test_a_task_may_differ_from_the_default_and_never_from_the_published_settings():
    assert recipe_for("sac", "default", "latent", "pen").noise == "fresh"
    assert recipe_for("sac", "default", "latent", "Can") == recipe_for("sac", "default", "latent")
    paper = recipe_for("sac", "paper", "latent")
    assert recipe_for("sac", "paper", "latent", "pen") == paper


@pytest.mark.parametrize(
    ("said", "meant"), [("fresh:1.0", "fresh"), ("Zero", "zero"), ("fixed:03", "fixed:3")]
)
def test_the_flow_s_noise_is_written_in_one_way(said, meant):
    assert Recipe(noise=said) == Recipe(noise=meant)


def test_dsrl_s_settings_on_lift_are_its_authors():
    dsrl = recipe_for("sac", "dsrl", "noise")
    assert (dsrl.scale, dsrl.n_action_steps, dsrl.steer_kwargs) == (1.5, 4, ("noise_steps=4",))
    assert (dsrl.hidden, dsrl.activation) == ((2048, 2048, 2048), "tanh")
    assert (dsrl.layer_norm, dsrl.actor_layer_norm) == (True, True)
    assert (dsrl.target_entropy, dsrl.ent_coef, dsrl.reward) == (0.0, "auto", "penalty")
    assert (dsrl.warmup_decisions, round(dsrl.warmup_noise * 1.5, 3)) == (6004, 1.0)
    assert (dsrl.updates_per_decision, dsrl.batch_size, dsrl.n_steps) == (7.5, 256, 1)
    assert dsrl.gamma**4 == pytest.approx(0.99)
    assert recipe_for("sac", "dsrl-na", "noise") == replace(dsrl, critic_input="chunk")


def test_policy_decorator_s_settings_are_its_authors():
    found = recipe_for("sac", "decorator", "action")
    assert (found.scale, found.progressive_exploration) == (0.1, 30_000)
    assert (found.critic_input, found.actor_sees_base) == ("sum", False)
    assert (found.steer_kwargs, found.noise) == (("base_action=true",), "fresh")
    assert (found.tau, found.batch_size, found.learning_rate) == (0.01, 1024, 1e-4)
    assert (found.reward_scale * 4, found.updates_per_decision) == (1.0, 0.25)
    assert found.gamma**4 == pytest.approx(0.97)


def test_a_rival_s_preset_is_for_its_own_way_of_steering_and_simulation():
    with pytest.raises(ZprlError, match=r"steer must be noise with --preset dsrl.*Got: latent"):
        recipe_for("sac", "dsrl", "latent")
    with pytest.raises(ZprlError, match=r"on a robot.* Got: decorator for Real\."):
        recipe_for("sac", "decorator", "action", "Real")
    with pytest.raises(UnknownNameError, match="unknown hyperparameters 'tqc-dsrl'"):
        recipe_for("tqc", "dsrl", "noise")
