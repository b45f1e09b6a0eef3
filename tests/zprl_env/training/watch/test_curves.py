"""What TensorBoard shows of a run: SB3's names, environment steps, no overlap."""

from __future__ import annotations

import csv
import gc
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import configure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import train_sb3
from zprl_env.envs.outcomes import Verdict
from zprl_env.evaluation import EvaluationResult
from zprl_env.training.command_line import parse
from zprl_env.training.run.history import History, load_history
from zprl_env.training.watch.curves import Curves, log_evaluation, open_curves

EVERY = 60


def curves_of(run: Path, name: str) -> EventAccumulator:
    return EventAccumulator(str(run / "tensorboard" / name)).Reload()


def steps_of(curves: EventAccumulator, tag: str) -> list[int]:
    return [event.step for event in curves.Scalars(tag)]


def result(successes: list[int], returns: list[float] | None = None) -> EvaluationResult:
    count = len(successes)
    found = (np.arange(count), np.array(successes, bool), np.full(count, 30))
    return EvaluationResult(*found, np.array(returns or [], float))


@pytest.fixture(params=["sac", "ppo"])
def run(request, point_task, point_policy, tmp_path) -> Path:
    """A run that was resumed once."""
    flags = ["--env", point_task, "--policy", str(point_policy), "--algo", request.param]
    flags += ["--hidden", "8", "--no-video", "--eval-episodes", "2", "--validation-episodes", "2"]
    flags += ["--total-env-steps", "120", "--eval-every", str(EVERY), "--out", str(tmp_path / "r")]
    flags += ["--batch-size", "4"]
    if request.param == "sac":
        flags += ["--warmup-decisions", "10", "--updates-per-decision", "1"]
    else:
        flags += ["--rollout-decisions", "8"]
    train_sb3.finetune(parse(flags))
    train_sb3.finetune(parse(["--resume-from", str(tmp_path / "r"), "--total-env-steps", "200"]))
    return tmp_path / "r"


def test_a_run_has_the_curves_that_sb3_users_look_for(run):
    (folder,) = (run / "tensorboard").iterdir()
    curves = curves_of(run, folder.name)
    tags = {*curves.Tags()["scalars"]}
    assert {"rollout/ep_rew_mean", "rollout/ep_len_mean", "rollout/success_rate"} <= tags
    assert {"eval/mean_reward", "eval/success_rate", "eval/mean_ep_length", "time/fps"} <= tags
    assert any(tag.startswith("train/") for tag in tags)

    history = load_history(run)
    assert steps_of(curves, "eval/success_rate") == [at for at, _ in history.evaluations]
    assert steps_of(curves, "eval/mean_reward")[0] == 0  # the base policy
    assert steps_of(curves, "test/success_rate")[0] == 0
    for tag in tags:  # whatever is logged is logged over environment steps, and never goes back
        steps = steps_of(curves, tag)
        assert steps == sorted(steps)
        assert max(steps) <= history.env_steps
    assert {*steps_of(curves, "rollout/ep_len_mean")} >= {*history.episode_ends}
    lengths = [event.value for event in curves.Scalars("rollout/ep_len_mean")]
    assert all(1 <= length <= 20 for length in lengths)  # environment steps, not decisions
    rewards = [event.value for event in curves.Scalars("rollout/ep_rew_mean")]
    assert all(0.0 <= reward <= 1.0 for reward in rewards)  # the task's own, undiscounted
    assert all(event.value >= 0 for event in curves.Scalars("time/fps"))


def test_what_is_played_again_after_a_kill_is_not_drawn_twice(tmp_path):
    first = open_curves(tmp_path, "Lift-sac-seed0")
    for step in (0, 10, 20, 30):  # the checkpoint was written at 20, and the run killed after 30
        log_evaluation(first, step, result([0, 1]))
    first.close()
    again = open_curves(tmp_path, "Lift-sac-seed0", env_steps=20)
    for step in (30, 40):
        log_evaluation(again, step, result([1, 1]))
    again.close()
    events = curves_of(tmp_path, "Lift-sac-seed0").Scalars("eval/success_rate")
    assert [(e.step, e.value) for e in events] == [(0, 0.5), (10, 0.5), (20, 0.5), (30, 1), (40, 1)]


def test_an_evaluation_is_at_its_own_step_and_takes_nothing_else_along(tmp_path):
    logger = open_curves(tmp_path, "run")
    logger.record("train/loss", 1.0)
    log_evaluation(logger, 7, result([1], returns=[2.5]))
    logger.dump(9)
    logger.close()
    curves = curves_of(tmp_path, "run")
    assert steps_of(curves, "eval/success_rate") == [7]
    assert curves.Scalars("eval/mean_reward")[0].value == 2.5
    assert steps_of(curves, "train/loss") == [9]


def test_rewards_that_are_not_known_are_not_drawn(tmp_path):
    logger = open_curves(tmp_path, "run")
    log_evaluation(logger, 1, result([1]))
    logger.close()
    assert "eval/mean_reward" not in curves_of(tmp_path, "run").Tags()["scalars"]


def test_where_nothing_can_be_written_is_a_gap_that_is_said_once(tmp_path):
    said: list[str] = []
    curves = open_curves(tmp_path, "Lift-sac-seed0", say=said.append)
    (tmp_path / "tensorboard").write_text("in the way")
    for step in (0, 10):
        log_evaluation(curves, step, result([0, 1]))
    (tmp_path / "tensorboard").unlink()
    log_evaluation(curves, 20, result([0, 1]))
    curves.close()
    assert steps_of(curves_of(tmp_path, "Lift-sac-seed0"), "eval/success_rate") == [20]
    (line,) = said
    assert line.startswith("TensorBoard's curves have a gap from 0 env steps on, until there is")


def test_a_thread_that_outlives_a_run_keeps_nothing_of_it(tmp_path):
    class Run:
        def say(self, text):
            """Say something."""

    run, ended = Run(), threading.Event()
    kept = weakref.ref(run)
    before = threading.excepthook
    curves = open_curves(tmp_path, "run", say=run.say)
    other = threading.Thread(target=ended.wait, daemon=True)  # as tqdm's and TensorBoard's are
    other.start()
    curves.close()
    assert threading.excepthook is before
    del curves, run
    gc.collect()
    alive = kept() is not None
    ended.set()
    other.join()
    assert not alive


def test_the_rate_of_success_follows_a_verdict_that_is_changed_later(tmp_path):
    history, logger = History(), configure(str(tmp_path), ["csv"])
    watch = Curves(history)
    watch.model = cast(BaseAlgorithm, SimpleNamespace(logger=logger, num_timesteps=0))
    verdicts = [Verdict.of("failure"), Verdict.of("success")]
    for at, verdict in enumerate(verdicts, start=1):
        history.env_steps = at
        history.note_end({"outcome": verdict})
    watch._write()
    verdicts[0].change("success")
    history.follow_verdicts()
    watch._write()
    logger.close()
    with (tmp_path / "progress.csv").open() as file:
        assert [row["rollout/success_rate"] for row in csv.DictReader(file)] == ["0.5", "1.0"]
