"""A task's scale, noise, discount and chunk hold in the library as on the command line."""

from __future__ import annotations

import gymnasium as gym
import pytest

from zprl_env import LatentSteeringWrapper, make_env
from zprl_env.steering import LatentSteering
from zprl_env.task import UNKNOWN, Facts
from zprl_env.tasks import TASKS, facts_of
from zprl_env.testing import LinearPolicy
from zprl_env.training.settings.recipe import recipe_for


def test_an_environment_that_nothing_is_known_of_keeps_imitation_s_noise():
    assert facts_of(gym.make("Pendulum-v1")) is UNKNOWN
    assert Facts().noise == "fresh"


@pytest.mark.parametrize("name", TASKS)
def test_every_task_s_recipe_starts_from_its_facts(name):
    facts, recipe = TASKS[name].read_facts(), recipe_for("sac", "default", "latent", name)
    assert (recipe.scale, recipe.noise) == (facts.scale, facts.noise)
    assert (recipe.gamma, recipe.n_action_steps) == (facts.gamma, facts.n_action_steps)


@pytest.mark.parametrize(("name", "suite"), [("Lift", "robosuite"), ("door", "adroit")])
def test_a_wrapper_takes_what_the_command_line_takes(name, suite, request):
    pytest.importorskip({"adroit": "gymnasium_robotics"}.get(suite, suite))
    task = TASKS[name]
    policy = LinearPolicy(task.observation_dim, task.action_dim)
    policy.metadata = {"format": "zprl-policy"}  # type: ignore[attr-defined]
    env = LatentSteeringWrapper(make_env(name), policy)
    request.addfinalizer(env.close)
    recipe = recipe_for("sac", "default", "latent", name)
    assert isinstance(env.steering, LatentSteering)
    assert env.steering.scale.tolist() == pytest.approx([recipe.scale] * 2)
    assert env.steering.noise == recipe.noise
    assert env.env.gamma == recipe.gamma
    assert env.steering.sample_latent == recipe.sample_latent
