"""A calibration in a checkpoint: found by wrappers and runs, and of these weights alone."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, CheckpointError, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.loading.resolve import resolve_policy
from zprl_env.options.stored import (
    Calibrated,
    calibration_of,
    description_in,
    facts_with,
    store_calibration,
)
from zprl_env.task import Facts
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config
from zprl_env.training.settings.recipe import Recipe


@pytest.fixture
def checkpoint(point_policy, tmp_path):
    """A copy of the point task's policy, in which a calibration can be stored."""
    return shutil.copytree(point_policy, tmp_path / "checkpoint")


def calibration_in(folder):
    """What a checkpoint's policy says of itself, once it is loaded."""
    return calibration_of(resolve_policy(folder))


FOUND = Calibrated("Point", scale=0.75, noise="fixed:3", draws=8)


def test_what_was_stored_is_read_again_and_the_policy_is_the_same(checkpoint):
    before = resolve_policy(checkpoint)
    assert calibration_in(checkpoint) is None
    store_calibration(checkpoint, FOUND)
    assert calibration_in(checkpoint) == FOUND
    after: Any = resolve_policy(checkpoint)
    assert after.weights_hash == before.weights_hash  # type: ignore[attr-defined]
    after.save(checkpoint.parent / "again")
    assert calibration_in(checkpoint.parent / "again") == FOUND


def test_a_second_one_keeps_what_it_did_not_look_for(checkpoint):
    store_calibration(checkpoint, FOUND)
    store_calibration(checkpoint, Calibrated("Point", scale=2.0))
    assert calibration_in(checkpoint) == Calibrated("Point", 2.0, "fixed:3", 8)
    store_calibration(checkpoint, Calibrated("Point", scale=3.0, noise="fixed:3"))
    assert calibration_in(checkpoint) == Calibrated("Point", 3.0, "fixed:3", 8)
    store_calibration(checkpoint, Calibrated("Point", scale=2.0, noise="zero"))
    assert calibration_in(checkpoint) == Calibrated("Point", 2.0, "zero", None)


def test_wrappers_and_runs_take_it_where_they_are_not_told_otherwise(checkpoint, point_task):
    store_calibration(checkpoint, FOUND)
    env = LatentSteeringWrapper(PointEnv(), checkpoint)
    assert (env.noise, env.scale.tolist()) == ("fixed:3", [0.75] * env.policy.latent_dim)
    chunks = DummyVecEnv([lambda: ActionChunkWrapper(PointEnv(), 2)])
    envs = SteeringVecEnv(chunks, checkpoint)
    assert envs.get_attr("noise") == ["fixed:3"]
    recipe = Config(env=point_task, policy=str(checkpoint), algo="sac").recipe
    assert (recipe.scale, recipe.noise) == (0.75, "fixed:3")
    words = ["--env", point_task, "--policy", str(checkpoint), "--noise", "fresh"]
    assert (parse(words).recipe.scale, parse(words).recipe.noise) == (0.75, "fresh")
    told = LatentSteeringWrapper(PointEnv(), checkpoint, scale=1.0, noise="zero")
    assert (told.noise, told.scale[0]) == ("zero", 1.0)


def test_the_best_of_as_many_draws_is_known_then(checkpoint):
    store_calibration(checkpoint, FOUND)
    assert LatentSteeringWrapper(PointEnv(), checkpoint, noise="best:8").noise == "fixed:3"
    with pytest.raises(ValueError, match=r"zprl_env\.calibrate\.best_noise"):
        LatentSteeringWrapper(PointEnv(), checkpoint, noise="best:4")


def test_it_does_not_count_for_other_weights(checkpoint):
    store_calibration(checkpoint, FOUND)
    file = checkpoint / "policy.json"
    content = json.loads(file.read_text())
    content["calibration"]["weights_sha256"] = "0" * 64
    file.write_text(json.dumps(content))
    assert calibration_in(checkpoint) is None


def test_zero_and_the_tasks_scale_are_for_policies_that_were_imitated_here(checkpoint, point_task):
    described = description_in(checkpoint)
    assert described is not None
    assert description_in(checkpoint.parent) is description_in(None) is None
    facts = Facts(scale=2.0, noise="zero")
    assert facts_with(facts, described) == facts
    elsewhere: list[dict[str, Any]] = [{}, {**described, "class": "Other"}, {"class": "VibFlow"}]
    for metadata in elsewhere:
        assert facts_with(facts, metadata) == Facts(scale="auto", noise="fresh")
        assert facts_with(Facts(noise="fixed:3"), metadata).noise == "fixed:3"
    code = "tests.helpers.small_model:make_policy"
    elsewhere_recipe = parse(["--env", "Lift", "--policy", code]).recipe
    assert (elsewhere_recipe.scale, elsewhere_recipe.noise) == ("auto", "fresh")
    assert parse(["--env", "Lift"]).recipe.noise == "zero"
    assert parse(["--env", "Lift", "--policy", str(checkpoint)]).recipe.noise == "zero"


def test_where_a_checkpoint_says_nothing_the_task_does():
    facts = Facts(scale=2.0, noise="zero")
    assert Calibrated("Lift", noise="fixed:1").over(facts) == Facts(scale=2.0, noise="fixed:1")
    assert Recipe().noise == "zero"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "calibration in policy.json must be an object"),
        ({"scale": -1.0}, "a scale above 0. Got: -1.0"),
        ({"scale": "large"}, "a scale above 0. Got: 'large'"),
        ({"noise": "wild"}, "a noise (noise must be"),
        ({"noise": "best:8"}, "a noise (noise must be a start that is known"),
        ({"env": 3}, "of an environment. Got: 3"),
        ({"draws": "8"}, "a whole number of draws. Got: '8'"),
    ],
)
def test_a_damaged_one_is_refused(entry, message, checkpoint):
    file = checkpoint / "policy.json"
    content = json.loads(file.read_text())
    weights = content["weights_sha256"]
    usual = {"env": "Point", "weights_sha256": weights}
    content["calibration"] = usual | entry if isinstance(entry, dict) else entry
    file.write_text(json.dumps(content))
    with pytest.raises(CheckpointError) as caught:
        LatentSteeringWrapper(PointEnv(), checkpoint)
    assert message in str(caught.value)
