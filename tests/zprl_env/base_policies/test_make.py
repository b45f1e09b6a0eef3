"""From nothing to a base policy with a card, and the same again by the card's command."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from policies.checkpoints.output import OverwriteError
from policies.frozen import FrozenPolicy
from policies.imitation.config import PretrainConfig
from tests.helpers import point
from zprl_env.base_policies.make import Making, make_policy, parse
from zprl_env.base_policies.recipes import (
    PIXEL_RECIPES,
    RECIPES,
    ImitationRecipe,
    imitation_recipe,
)
from zprl_env.errors import NoExpertError
from zprl_env.evaluation import TEST_SEED
from zprl_env.tasks import TASKS

TINY = ImitationRecipe(
    episodes=6,
    skill=0.5,
    pretrain=PretrainConfig(
        horizon=4,
        n_action_steps=2,
        latent_dim=2,
        steps=40,
        hidden_dim=16,
        n_blocks=1,
        bottleneck_hidden_dims=(16,),
        log_every=20,
        eval_every=40,
    ),
)


@pytest.fixture
def made(point_task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    making = Making(tmp_path / "policy", point_task, recipe=TINY, eval_episodes=5)
    return making, make_policy(making, said.append), said


def test_demonstrations_a_checkpoint_and_a_card_are_left(made, tmp_path):
    making, result, said = made
    assert (tmp_path / "demos" / "point.hdf5").exists()
    assert FrozenPolicy.load(making.out).weights_hash == result.policy.weights_hash
    card = (making.out / "README.md").read_text(encoding="utf-8")
    assert result.policy.weights_hash in card
    assert making.command in card
    assert [line.split(":")[0] for line in said] == ["demos/point.hdf5", str(making.out)]


def test_every_episode_of_the_evaluation_is_kept(made):
    making, result, _ = made
    content = json.loads((making.out / "evaluation.json").read_text(encoding="utf-8"))
    assert content["seeds"] == [*range(TEST_SEED, TEST_SEED + 5)]
    assert content["successes"] == result.noisy.successes.astype(int).tolist()
    noiseless = content["without_flow_noise"]["successes"]
    assert noiseless == result.noiseless.successes.astype(int).tolist()
    assert content["demonstrations"] == {"episodes": 6, "successful": result.succeeded}


def test_zero_noise_is_played_in_full_where_steering_starts_from_it():
    lift = Making(Path("lift"), "Lift")
    assert lift.evaluations == {"fresh": 200, "zero": 200}
    assert replace(lift, env="Real").evaluations == {"fresh": 200, "zero": 50}
    assert replace(lift, env="Real", eval_episodes=7).evaluations == {"fresh": 7, "zero": 7}


def test_the_card_s_command_makes_the_same_again(made, monkeypatch):
    making, result, _ = made
    again = parse(shlex.split(making.command)[3:])
    assert (again.recipe, again.out, again.env) == (making.recipe, making.out, making.env)
    monkeypatch.setattr("builtins.print", lambda *_: None)
    again = replace(again, eval_episodes=1, overwrite=True)
    assert make_policy(again).policy.weights_hash == (result.policy.weights_hash)


def test_what_was_trained_before_is_only_measured(made):
    making, result, _ = made
    said: list[str] = []
    again = make_policy(replace(making, eval_episodes=2, overwrite=True), said.append)
    assert "trained before" in said[1]
    assert again.policy.weights_hash == result.policy.weights_hash
    assert again.noisy.episodes == 2

    other = replace(making, recipe=replace(TINY, pretrain=replace(TINY.pretrain, beta=0.1)))
    with pytest.raises(OverwriteError, match=r"README\.md.*give --overwrite"):
        make_policy(other, said.append)
    (making.out / "README.md").unlink()  # as if it had been cut off there
    with pytest.raises(OverwriteError, match=r"policy\.json.*give --overwrite"):
        make_policy(other, said.append)
    other = replace(other, overwrite=True)
    assert make_policy(other, said.append).policy.weights_hash != result.policy.weights_hash


def test_a_recording_of_other_settings_is_not_overwritten_unasked(made, tmp_path):
    making, _, _ = made
    before = making.recording.out.read_bytes()
    other = replace(making, out=tmp_path / "other", seed=1)
    with pytest.raises(OverwriteError, match=r"point\.hdf5\. .* was recorded with other settings"):
        make_policy(other)
    assert making.recording.out.read_bytes() == before
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "other.partial").exists()


def test_a_policy_that_sees_is_made_and_measured_through_its_cameras(tmp_path, monkeypatch):
    pytest.importorskip("gymnasium_robotics", reason="needs the extra adroit")
    monkeypatch.chdir(tmp_path)
    tiny = replace(TINY.pretrain, encoder="small", batch_size=4, steps=4, eval_every=99)
    recipe = ImitationRecipe(episodes=2, cameras=("fixed",), image_size=36, pretrain=tiny)
    short = ("max_episode_steps=6",)
    monkeypatch.setattr("zprl_env.base_policies.make.VALIDATION_EPISODES", 1)
    making = Making(
        tmp_path / "policy", "door-Pixels", env_kwargs=short, recipe=recipe, eval_episodes=2
    )
    made = make_policy(making, lambda _: None)
    assert made.policy.cameras == ("fixed",)
    assert list(made.policy.metadata["observation_keys"]) == ["hand_qpos"]
    assert "--cameras fixed --image-size 36" in (making.out / "README.md").read_text()
    assert parse(shlex.split(making.command)[3:]).recipe == recipe
    said: list[str] = []
    (making.out / "README.md").unlink()  # as if it had been cut off there
    again = make_policy(making, said.append)
    assert "trained before" in said[1]
    np.testing.assert_array_equal(again.noisy.lengths, made.noisy.lengths)


@pytest.mark.parametrize("task", ["Lift", "Can", "Square", "box-close", "Real"])
def test_shipped_tasks_have_a_recipe_for_cameras_that_is_small(task):
    recipe = imitation_recipe(f"{task}-Pixels")
    assert recipe == PIXEL_RECIPES[task] or task == "Real"  # whose preset says its chunks
    assert (recipe.pretrain.encoder, recipe.disturbance) == ("small", 0.0)
    assert imitation_recipe(f"{task}-Pixels") != imitation_recipe(task)


def test_the_command_line_starts_from_the_task_s_recipe():
    making = parse(["--env", "Can", "--out", "can", "--pretrain.steps", "7"])
    usual = imitation_recipe("Can")
    assert making.recipe == replace(usual, pretrain=replace(usual.pretrain, steps=7))


def test_every_task_with_an_expert_has_a_recipe_and_no_other():
    for name, task in TASKS.items():
        if task.expert:
            usual, facts = RECIPES.get(name, ImitationRecipe()), task.read_facts()
            chunk = {"horizon": facts.horizon, "n_action_steps": facts.n_action_steps}
            said: dict[str, Any] = {
                field: size for field, size in chunk.items() if size is not None
            }
            expected = replace(usual.pretrain, **said)
            assert imitation_recipe(name) == replace(usual, pretrain=expected)
        else:
            with pytest.raises(NoExpertError, match="has no scripted expert"):
                imitation_recipe(name)


def test_the_point_s_expert_is_one_of_them(point_task):
    assert imitation_recipe(point_task) == ImitationRecipe()
    assert point.POINT.slug == "point"
