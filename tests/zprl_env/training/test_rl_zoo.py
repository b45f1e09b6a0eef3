"""RL Zoo, as it is, trains and plays the steered environment from the files of this package."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from zprl_env.hyperparams import hyperparameter_file

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("rl_zoo3", "robosuite", "metaworld")),
    reason="needs the zoo, robosuite and metaworld extras",
)
SHARED = [  # one policy for all environments, called once per decision
    "env_wrapper:[{'zprl_env.ActionChunkWrapper': {'n_action_steps': 8}}]",
    "vec_env_wrapper:[{'zprl_env.SteeringVecEnv': {'policy': 'box-close', 'scale': 2.0}}]",
]


def python(folder: Path, *arguments: object) -> str:
    """Run Python in a folder and return what it says."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(folder: Path, algo: str, env_id: str, *flags: str) -> str:
    where = ("--env", env_id, "--gym-packages", "zprl_env", "--num-threads", "1", "--seed", "0")
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


def test_it_makes_of_every_file_the_model_that_train_sb3_makes(tmp_path):
    said = python(tmp_path, "-m", "tests.helpers.zoo_models", "logs")
    report = json.loads(said.splitlines()[-1])
    assert len(report) == 8
    for name, found in report.items():
        assert found["differ"] == {}, name
        assert found["compared"] > 30
