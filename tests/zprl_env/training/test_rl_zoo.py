"""RL Zoo, as it is, trains and plays the steered environment from the files of this package."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from stable_baselines3 import SAC

from tests.helpers.warm import run_warm
from zprl_env.hyperparams import hyperparameter_file
from zprl_env.training.replay import ChunkReplayBuffer

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("rl_zoo3", "robosuite", "metaworld")),
        reason="needs the zoo, robosuite and metaworld extras",
    ),
]
SHARED = [  # one policy for all environments, called once per decision
    "env_wrapper:[{'zprl_env.ActionChunkWrapper': {'n_action_steps': 8}}]",
    "vec_env_wrapper:[{'zprl_env.SteeringVecEnv': {'policy': 'box-close', 'scale': 2.0}}]",
]


def python(folder: Path, *arguments: object) -> str:
    """Run Python in a folder and return what it says."""
    done = run_warm(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(folder: Path, algo: str, env_id: str, *flags: str) -> str:
    packages = "zprl_env.training.zoo" if "--trial-id" in flags else "zprl_env"
    where = ("--env", env_id, "--gym-packages", packages, "--num-threads", "1", "--seed", "0")
    rest = ("--conf-file", hyperparameter_file(algo), "--log-interval", "1", *flags)
    return python(folder, "-m", "rl_zoo3.train", "--algo", algo, *where, *rest)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, str]:
    """A folder in which SAC was trained on Lift, and what RL Zoo said."""
    folder = tmp_path_factory.mktemp("zoo")
    flags = ["-n", "80", "--eval-freq", "40", "--eval-episodes", "1", "-params"]
    overrides = ["n_envs:2", "gradient_steps:2", "learning_starts:40"]
    return folder, train(folder, "sac", "ZPRL-Lift-v0", *flags, *overrides)


def test_it_trains_with_two_environments_and_reports_success(trained):
    folder, said = trained
    assert "success_rate" in said
    assert "n_updates" in said
    run = folder / "logs" / "sac" / "ZPRL-Lift-v0_1"
    assert (run / "ZPRL-Lift-v0.zip").stat().st_size > 10_000
    assert (run / "best_model.zip").exists()
    with (run / "0.monitor.csv").open() as log:
        episodes = list(csv.DictReader(log.readlines()[1:]))
    lengths = [int(episode["l"]) for episode in episodes]
    assert lengths
    assert all(length > 20 for length in lengths)  # counted in environment steps, not in decisions
    assert {float(episode["r"]) for episode in episodes} <= {0.0, 1.0}


@pytest.mark.skipif(find_spec("requests") is None, reason="rl_zoo3.enjoy imports requests")
def test_it_plays_what_it_trained(trained):
    folder, _ = trained
    what = ("--algo", "sac", "--env", "ZPRL-Lift-v0", "--gym-packages", "zprl_env")
    how = ("--folder", "logs", "--no-render", "--num-threads", "1", "-n", "40")
    assert "Success rate: " in python(folder, "-m", "rl_zoo3.enjoy", *what, *how)


def test_it_trains_recurrent_agents_on_environments_that_share_a_policy(tmp_path):
    overrides = ["n_envs:2", "n_steps:32", "batch_size:32", *SHARED]
    flags = ["-n", "64", "--eval-freq", "-1", "--vec-env", "subproc", "-params", *overrides]
    said = train(tmp_path, "ppo_lstm", "ZPRL-BoxClose-v0", *flags)
    assert "success_rate" in said
    assert (tmp_path / "logs/ppo_lstm/ZPRL-BoxClose-v0_1/ZPRL-BoxClose-v0.zip").exists()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory) -> tuple[Path, str]:
    """A folder in which RL Zoo tried two settings of SAC, and what it said."""
    folder = tmp_path_factory.mktemp("tuned")
    flags = ["-n", "16", "--optimize-hyperparameters", "--n-trials", "2", "--no-optim-plots"]
    flags += ["--eval-episodes", "1", "--n-evaluations", "1", "--optimization-log-path", "trials"]
    storage = ["--storage", "trials.log", "--study-name", "it", "-params", "learning_starts:8"]
    return folder, train(folder, "sac", "ZPRL-BoxClose-v0", *flags, *storage)


def test_tuning_tries_settings_and_writes_a_table(tuned):
    folder, said = tuned
    assert "Number of finished trials:  2" in said
    (table,) = (folder / "logs" / "sac").glob("report_*.csv")
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["state"] for row in rows] == ["COMPLETE", "COMPLETE"]
    rates = {float(row["params_learning_rate"]) for row in rows}
    assert len(rates) == 2
    assert all(1e-4 <= rate <= 3e-3 for rate in rates)


def test_every_trial_keeps_the_recipe(tuned):
    folder, _ = tuned
    recipe = yaml.safe_load(hyperparameter_file("sac").read_text(encoding="utf-8"))["default"]
    for trial in (0, 1):
        model = SAC.load(folder / "trials" / f"trial_{trial}" / "best_model.zip", device="cpu")
        kept = {name: model.policy_kwargs[name] for name in recipe["policy_kwargs"]}
        assert kept == recipe["policy_kwargs"]  # the networks, with layer normalisation
        assert type(model.policy).__name__ == "SACPolicy"
        assert (model.gamma, model.gradient_steps) == (recipe["gamma"], recipe["gradient_steps"])
        assert model.replay_buffer_class is ChunkReplayBuffer
        assert model.replay_buffer_kwargs == recipe["replay_buffer_kwargs"]
        assert model.batch_size in (64, 128, 256, 512)


def test_what_was_found_can_be_trained_with(tuned):
    folder, _ = tuned
    storage = ["--storage", "trials.log", "--study-name", "it", "--trial-id", "1"]
    flags = ["-n", "12", "--eval-freq", "-1", *storage, "-params", "learning_starts:4"]
    train(folder, "sac", "ZPRL-BoxClose-v0", *flags)
    (trained,) = (folder / "logs" / "sac").glob("*_2/ZPRL-BoxClose-v0.zip")
    model = SAC.load(trained, device="cpu")
    (tried,) = (folder / "trials" / "trial_1").glob("best_model.zip")
    assert model.batch_size == SAC.load(tried, device="cpu").batch_size
    assert model.policy_kwargs["net_arch"] == [256, 256]


def test_it_makes_of_every_file_the_model_that_train_sb3_makes(tmp_path):
    said = python(tmp_path, "-m", "tests.helpers.zoo_models", "logs")
    report = json.loads(said.splitlines()[-1])
    assert len(report) == 8
    for name, found in report.items():
        assert found["differ"] == {}, name
        assert found["compared"] > 30
