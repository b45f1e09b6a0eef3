"""A quick run ends within a minute and a half on every task, and still learns and compares."""

from __future__ import annotations

import pytest

from zprl_env.success_rates import fewest_to_show
from zprl_env.tasks import TASKS
from zprl_env.training.command_line import parse, quick_config
from zprl_env.training.config import Config
from zprl_env.training.settings.rates import steps_per_second
from zprl_env.training.watch.outlook import STARTING, look_ahead

SOME = ["Lift", "Can", "Transport", "box-close", "hammer", "pen", "Real", "Wipe"]


@pytest.mark.parametrize("env", SOME)
@pytest.mark.parametrize("algo", ["sac", "crossq", "ppo"])
def test_by_the_stored_rates_it_ends_in_time(env, algo):
    config = parse(["--env", env, "--algo", algo, "--quick"])
    seconds = STARTING + look_ahead(config).seconds(config, steps_per_second(env))
    assert seconds <= 90
    assert config.eval_episodes >= fewest_to_show()  # else nothing could come of it
    assert config.total_env_steps >= 1000
    assert not config.video


@pytest.mark.parametrize("env", SOME)
def test_most_of_its_steps_are_learned_from(env):
    config = parse(["--env", env, "--algo", "sac", "--quick"])
    chunk = 8
    assert config.recipe.warmup_decisions * chunk <= 0.5 * config.total_env_steps
    rollouts = parse(["--env", env, "--algo", "ppo", "--quick"])
    assert rollouts.recipe.rollout_decisions * chunk <= 0.5 * rollouts.total_env_steps


def test_what_is_given_besides_stands():
    flags = ["--quick", "--total-env-steps", "500", "--eval-episodes", "3", "--video"]
    config = parse([*flags, "--warmup-decisions", "9"])
    assert (config.total_env_steps, config.eval_episodes, config.video) == (500, 3, True)
    assert config.recipe.warmup_decisions == 9
    assert config.validation_episodes == parse(["--quick"]).validation_episodes


def test_without_it_nothing_changes():
    assert not parse([]).quick
    assert parse([]).total_env_steps == 80_000


def test_every_task_can_be_tried_quickly():
    for env in TASKS:
        assert quick_config(Config(env=env, algo="sac")).quick
