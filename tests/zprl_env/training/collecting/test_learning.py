"""A run whose workers decide by themselves has what any run has, and the ages besides."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from safetensors.numpy import load_file
from stable_baselines3 import SAC

pytest.importorskip("ray")

import train_sb3
from tests.helpers import point
from tests.helpers.ray_session import connected
from zprl_env.errors import SimulationError
from zprl_env.tasks import TASKS
from zprl_env.training.command_line import parse
from zprl_env.training.finetuning import Finetuning
from zprl_env.training.run.checkpoint import find_checkpoint
from zprl_env.training.run.history import History

pytestmark = pytest.mark.slow

WARM_UP, PER_DECISION = 20, 2
TINY = [
    *("--eval-episodes", "2", "--validation-episodes", "2", "--eval-every", "200"),
    *("--total-env-steps", "400", "--warmup-decisions", str(WARM_UP), "--hidden", "8", "8"),
    *("--batch-size", "4", "--updates-per-decision", str(PER_DECISION), "--no-video"),
    *("--scale", "0.5", "--vec", "ray", "--num-envs", "3", "--workers", "2"),
    *("--collect", "async"),
]


@pytest.fixture(scope="module", autouse=True)
def point_there():
    """The point task is in the table for these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "Point", point.POINT)
        patch.setitem(gym.registry, point.POINT.id, point.spec())
        yield


@pytest.fixture(scope="module")
def flags(point_there, point_policy) -> list[str]:
    connected()
    return ["--env", "Point", "--policy", str(point_policy), *TINY]


@pytest.fixture(scope="module")
def run(flags, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("async") / "run"
    return train_sb3.finetune(parse([*flags, "--out", str(out)]))


def replay(run: Path) -> dict[str, Any]:
    checkpoint = find_checkpoint(run, print)
    assert checkpoint is not None
    return load_file(checkpoint.folder / "replay.safetensors")


def test_its_results_are_those_of_any_run_and_tell_of_ages(run):
    results = json.loads((run / "results.json").read_text())
    history = History.from_dict(
        {k: v for k, v in json.loads((run / "history.json").read_text()).items() if k != "version"}
    )
    assert 400 <= results["env_steps"] < 400 + 3 * 2
    assert history.evaluations[0][0] == 0
    assert len(history.evaluations) >= 2
    assert len(results["test"]) >= 2
    assert results["episodes"] == len(history.episode_ends) > 5
    assert results["ages"]["stored"] == results["decisions"] == history.decisions
    assert results["ages"]["dropped"] == 0
    learned = PER_DECISION * (results["decisions"] - WARM_UP)
    assert learned - 4 * 4 * 3 * PER_DECISION <= results["updates"] <= learned


def test_every_row_is_followed_by_what_came_of_it(run):
    rows = replay(run)
    following = rows["following"]
    linked = np.flatnonzero(following >= 0)
    assert len(linked) > 100
    np.testing.assert_array_equal(
        rows["next_observations"][linked], rows["observations"][following[linked]]
    )
    assert not rows["dones"][linked].any()
    ended = rows["dones"][:, 0] > 0
    assert ended.sum() > 5


def test_it_begins_with_the_base_policy_and_goes_on_with_ever_newer_agents(run):
    rows = replay(run)
    steered = rows["actions"].any(axis=(1, 2))
    assert not steered[:WARM_UP].any()
    assert steered[-20:].all()
    assert rows["versions"][steered].min() > rows["versions"][~steered].min()
    assert rows["versions"].max() >= 2
    assert (rows["ages"] >= 0).all()


def test_a_run_goes_on_with_the_episodes_that_follow(run):
    before = find_checkpoint(run, print)
    assert before is not None
    train_sb3.finetune(
        parse(["--resume-from", str(run), "--total-env-steps", "480", "--workers", "1"])
    )
    after = find_checkpoint(run, print)
    assert after is not None
    assert after.history.env_steps >= 480
    assert after.place.episode > before.place.episode
    assert len(replay(run)["ages"]) == after.history.decisions
    assert after.history.ages["stored"] == after.history.decisions


@pytest.fixture
def disturbed(flags, tmp_path, monkeypatch):
    """Training whose one worker is sent a signal by the first update."""
    one = ["--num-envs", "2", "--workers", "1"]
    config = parse([*flags, *one, "--total-env-steps", "600", "--out", str(tmp_path / "run")])

    @contextmanager
    def begun(number: int) -> Iterator[Finetuning]:
        with Finetuning(config) as finetuning:
            sent: list[int] = []
            train = SAC.train

            def train_and_send(model: SAC, **how: int) -> None:
                train(model, **how)
                if not sent:
                    sent.extend(finetuning.envs.crew.workers)
                    os.kill(sent[0], number)

            monkeypatch.setattr(SAC, "train", train_and_send)
            yield finetuning

    return begun


@pytest.mark.parametrize(
    ("number", "told"), [(signal.SIGKILL, "has died"), (signal.SIGSTOP, "has not answered for 5 s")]
)
def test_a_worker_that_dies_or_hangs_is_replaced_beside_learning(disturbed, number, told):
    with disturbed(number) as finetuning:
        crew = finetuning.envs.crew
        crew.patience = 5.0
        with pytest.raises(SimulationError, match="left to their workers"):
            finetuning.envs.reset()
        finetuning.learn()
        assert len(crew.losses) == 1
        assert "worker of environments 0 to 1" in crew.losses[0]
        assert told in crew.losses[0]
        assert finetuning.history.not_counted == {"cut off": 2}
        assert finetuning.history.env_steps >= 600


def test_a_worker_that_dies_again_and_again_ends_the_training_with_a_checkpoint(
    disturbed, monkeypatch
):
    monkeypatch.setattr("zprl_env.training.collecting.crew.RESTARTS", 0)
    with disturbed(signal.SIGKILL) as finetuning:
        with pytest.raises(SimulationError, match=r"must live for a request\. Got: 1 deaths"):
            finetuning.learn()
        assert find_checkpoint(finetuning.folder, print) is not None
