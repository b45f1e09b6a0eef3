"""What is exported of a run plays the run's own episodes, or is not written."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tyro

import train_sb3
from policies.meaning.ranges import Ranges
from tests.helpers import point
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, SteeredPolicy, cli
from zprl_env.deploy.export import Export, check_equal, export, likely_observations
from zprl_env.errors import CheckpointError, TaskMismatchWarning, ZprlError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.base import policy_generator
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.command_line import parse
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env

TINY = [
    *("--eval-episodes", "2", "--validation-episodes", "1", "--total-env-steps", "60"),
    *("--hidden", "8", "8", "--batch-size", "4", "--no-video"),
]
RUNS = {
    "sac": ["--algo", "sac"],
    "gSDE": ["--algo", "sac", "--use-sde", "--noise", "fresh"],
    "td3": ["--algo", "td3", "--steer", "joint", "--noise", "fixed:3"],
    "tqc": ["--algo", "tqc", "--observation", "both"],
    "crossq": ["--algo", "crossq", "--steer", "action"],
    "ppo": ["--algo", "ppo", "--steer", "noise", "--rollout-decisions", "8"],
    "trpo": ["--algo", "trpo", "--observation", "state", "--rollout-decisions", "8"],
}


@pytest.fixture
def finetuned(point_task, point_policy, tmp_path):
    """Make a run on the point task."""

    def train(*flags: str) -> Path:
        warmup = [] if {"ppo", "trpo"} & {*flags} else ["--warmup-decisions", "10"]
        usual = ["--env", point_task, "--policy", str(point_policy), *TINY, *warmup]
        return train_sb3.finetune(parse([*usual, *flags, "--out", str(tmp_path / "run")]))

    return train


@pytest.mark.parametrize("name", RUNS)
def test_an_export_plays_what_its_run_is_evaluated_on(name, finetuned, tmp_path, point_policy):
    run = finetuned(*RUNS[name])
    steered = SteeredPolicy.load(export(Export(run, tmp_path / "out")))
    assert steered.steering.noise == load_config(run).recipe.noise
    config = load_config(run)
    policy = resolve_policy(point_policy)
    inside, outside = PointEnv(), PointEnv()
    env = evaluation_env(inside, policy, config.steer, config.recipe)
    agent = load_agent(run, config.algo, config.recipe, env)
    bare = ActionChunkWrapper(outside, steered.n_action_steps)
    for seed in range(3):
        seen, _ = env.reset(seed=seed)
        steered.reset(seed)
        observation, _ = bare.reset(seed=seed)
        for _ in range(8):
            seen, _, over, _, _ = env.step(agent(seen))
            observation, _, over_too, _, _ = bare.step(steered.predict(observation))
            assert over == over_too
            np.testing.assert_allclose(outside.position, inside.position, rtol=1e-5, atol=1e-6)
            if over:
                break


def test_an_agent_that_is_told_what_is_committed_is_not_exported(finetuned, tmp_path, monkeypatch):
    monkeypatch.setattr(PointEnv, "delay", 1, raising=False)
    run = finetuned("--algo", "sac")
    with pytest.raises(ZprlError, match=r"Got one that is told what is committed.*real\.play"):
        export(Export(run, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_folder_is_safetensors_json_and_a_card(steered_folder):
    files = {path.relative_to(steered_folder).as_posix() for path in steered_folder.rglob("*.*")}
    assert files == {
        "README.md",
        "actor.safetensors",
        "policy/policy.json",
        "policy/policy.safetensors",
        "steered.json",
    }
    described = json.loads((steered_folder / "steered.json").read_text())
    assert described["options"]["sample_latent"] is False
    assert described["results"]["base policy"]["episodes"] == 3
    assert described["env_steps"] >= 60
    assert "| base policy |" in (steered_folder / "README.md").read_text()


def test_the_base_policy_in_it_is_a_checkpoint_like_any_other(steered_folder, point_policy):
    ours, theirs = (resolve_policy(p) for p in (steered_folder / "policy", point_policy))
    observations = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(ours.encode(observations).mean, theirs.encode(observations).mean)


def test_a_run_that_nobody_measured_says_so(finetuned, tmp_path):
    run = finetuned()
    (run / "results.json").unlink()
    out = export(Export(run, tmp_path / "out"))
    assert "Nobody has measured it yet" in (out / "README.md").read_text()


def test_an_export_that_decides_differently_is_refused(
    steered_folder, point_policy, finetuned, recwarn, monkeypatch
):
    run, policy = finetuned(), resolve_policy(point_policy)
    elsewhere = Ranges.between(np.full(3, 1e3), np.full(3, 1e3 + 1))
    monkeypatch.setattr(type(policy), "observation_ranges", elsewhere)
    config = load_config(run)
    env = evaluation_env(PointEnv(), policy, config.steer, config.recipe)
    steered = SteeredPolicy.load(steered_folder)
    observations = likely_observations(steered_folder / "policy")
    assert observations.shape == (32, 3)

    def other(_: np.ndarray) -> np.ndarray:
        return np.ones(2, np.float32)

    with pytest.raises(CheckpointError, match=r"must decide as its run does\. Got an action"):
        check_equal(steered, env, other, observations)
    # What is drawn for that is of no task, so that nobody is told that it is of another one.
    assert not [one for one in recwarn if one.category is TaskMismatchWarning]


def test_an_export_is_replaced_only_if_asked_and_an_interrupted_run_has_its_best_agent(
    steered_folder, tmp_path, point_task, capsys
):
    run = Path(shutil.copytree(steered_folder.parent / "run", tmp_path / "run"))
    out = export(Export(run, tmp_path / "out"))
    text = refused("--run", run, "--out", out, capsys=capsys)
    assert f"Got: {out}. Choose another with --out, or give --overwrite." in text
    before = (out / "steered.json").read_text()
    (run / "model.zip").rename(run / "best.zip")
    export(Export(run, out, overwrite=True, env_kwargs=("task=Point",)))
    assert "its best agent so far is taken" in capsys.readouterr().out
    described = json.loads((out / "steered.json").read_text())
    assert json.loads(before)["results"]
    assert not described["results"]  # they are of another agent
    assert described["env_kwargs"] == {"task": "Point"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


@pytest.mark.parametrize("results", ["[]", '{"test": 3}', '{"test": {"base policy": {}}}'])
def test_results_that_are_none_are_named(results, steered_folder, tmp_path, point_task, capsys):
    run = Path(shutil.copytree(steered_folder.parent / "run", tmp_path / "run"))
    (run / "results.json").write_text(results)
    text = refused("--run", run, "--out", tmp_path / "out", capsys=capsys)
    assert f"Expected a run's results in {run / 'results.json'}. Got: " in text


def refused(*flags: str | Path, capsys) -> str:
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: export(tyro.cli(Export, args=[*map(str, flags)])))
    assert exit_info.value.code == 2
    text = capsys.readouterr().err.rpartition("\r")[2]
    assert text.count("\n") == 1
    return text


def test_what_cannot_be_exported_is_refused(finetuned, tmp_path, capsys):
    run, out = finetuned(), tmp_path / "out"
    capsys.readouterr()
    text = refused("--run", run, "--out", run, capsys=capsys)
    assert "out must not exist yet" in text
    assert (run / "config.json").exists()
    text = refused("--run", run, "--out", run, "--overwrite", capsys=capsys)
    assert "which is no export. Choose another or remove it" in text
    (tmp_path / "empty").mkdir()
    text = refused("--run", tmp_path / "empty", "--out", out, capsys=capsys)
    assert "a run's folder with a readable config.json" in text
    other = point.save_policy(tmp_path / "other", seed=1)
    text = refused("--run", run, "--out", out, "--policy", other, capsys=capsys)
    assert "Got one of other weights" in text
    (run / "model.zip").write_bytes(b"PK")
    assert "same algorithm and sizes" in refused("--run", run, "--out", out, capsys=capsys)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_the_example_drives_an_environment(point_task, steered_folder, monkeypatch, capsys):
    example = Path(__file__).parents[3] / "examples" / "05_deploy.py"
    assert len(example.read_text().splitlines()) < 60
    flags = [str(steered_folder), "--env", point_task, "--episodes", "2"]
    monkeypatch.setattr(sys, "argv", ["deploy.py", *flags])
    runpy.run_path(str(example), run_name="__main__")
    assert "of 2 episodes succeeded" in capsys.readouterr().out


def test_one_onnx_graph_decides_as_the_export_does(finetuned, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the onnx extra")
    pytest.importorskip("onnxscript", reason="needs the onnx extra")
    out = export(Export(finetuned(*RUNS["gSDE"]), tmp_path / "out", onnx=True))
    session = onnxruntime.InferenceSession(out / "steered.onnx")
    assert [put.name for put in session.get_inputs()] == ["observation", "noise"]
    observations = np.random.default_rng(1).uniform(-0.3, 0.3, (5, 3)).astype(np.float32)
    draws = [policy_generator(2 + row).standard_normal((4, 2)) for row in range(5)]
    inputs = {"observation": observations, "noise": np.asarray(draws, np.float32)}
    (actions,) = session.run(["actions"], inputs)
    steered = SteeredPolicy.load(out)
    steered.reset(seed=2)
    np.testing.assert_allclose(actions, steered.predict(observations), rtol=1e-4, atol=1e-5)
