"""Whoever moves the arm, wherever it was left: the first command is where it is."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import closing, suppress

import pytest
import yaml
from stable_baselines3 import SAC

import train_sb3
from benchmarks.stopping.kinds import ROBOTS
from real.clock import SimulatedClock, WallClock
from real.env import RealRobotEnv
from real.judge.network import JudgeNetwork
from real.judge.operator import JudgeError
from real.judge.stored import Judge
from real.judge.threshold import Validation
from real.operators import ScriptedOperator
from real.play import Play, main, play
from real.replay import Replay, replay
from real.tasks.files import load_preset
from real.testing import MisbehavingRobotError, check_robot
from tests.helpers.point import save_policy
from tests.helpers.robots.lone import LoneArm
from zprl_env.calibrate.__main__ import Calibration, calibrate
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.training.agents import warmup
from zprl_env.training.command_line import parse

DRIVER = "tests.helpers.robots.lone:LoneArm"
ROUNDING = 1e-6
WORTH = (0.9, 3, 20, 0.1, 0, 10, 10, 0.1)
STILL = 0.01
"""Speed below which an arm counts as still, as in `benchmarks.stopping` [m/s]."""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return save_policy(tmp_path_factory.mktemp("policy"), observation_dim=19, action_dim=8)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    content = load_preset("place-orange").model_dump(mode="json")
    content |= {"horizon": 4, "n_action_steps": 2, "episode_steps": 10}
    path = tmp_path_factory.mktemp("task") / "short.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def arm():
    LoneArm.forget()
    yield LoneArm
    LoneArm.forget()


@pytest.fixture
def train(policy, task, tmp_path):
    """Trains on the arm, or goes on."""
    usual = f"--env Real --policy {policy} --eval-episodes 2 --validation-episodes 2 --no-video"
    usual += " --hidden 8 --warmup-decisions 4 --eval-every 17 --checkpoint-every 10"
    run = tmp_path / "run"

    def train(steps, *more):
        kwargs = ["--env-kwargs", f"driver={DRIVER}", f"task={task}"]
        words = [*usual.split(), *kwargs, "--total-env-steps", str(steps), *more]
        train_sb3.finetune(parse([*words, "--out", str(run)]))
        return run

    return train


@pytest.fixture
def pushed(arm):
    """The arm, which somebody has moved aside before anything is started."""
    LoneArm.arm = LoneArm.arm or LoneArm(load_preset("place-orange")).arm
    arm.push()
    return arm


def assert_no_jump(arm, commands=10):
    assert len(arm.steps) > commands
    assert max(arm.steps) <= 1.0 + ROUNDING
    assert all(speed == 0.0 for speed in arm.speeds)
    assert arm.owner is None  # closed


def test_training_begins_where_the_arm_was_pushed_and_its_evaluations_take_turns(train, pushed):
    train(40)
    assert_no_jump(pushed, 500)
    assert len(pushed.speeds) == 1  # driver closed


def test_where_time_is_a_robot_s_nothing_is_evaluated_unless_it_is_asked_for(
    train, arm, monkeypatch
):
    monkeypatch.setattr(RealRobotEnv, "in_real_time", True)
    results = json.loads((train(20) / "results.json").read_text())
    assert results["test"] == {}
    assert results["robot_minutes"] == pytest.approx(results["env_steps"] / 30 / 60, abs=0.005)
    assert results["reached"]["0.95"] == {"validation": None, "training": None}


def test_a_judge_is_beside_the_arm_that_is_learned_on(train, tmp_path):
    judge = Judge("place-orange", ("position",), JudgeNetwork(3), Validation(*WORTH))
    judge.save(tmp_path / "judge", {})
    # Which has learned nothing and is refused where it judges: not in the evaluations before.
    with pytest.raises(JudgeError, match="no success before anything was done"):
        train(20, "--judge", str(tmp_path / "judge"))


def test_a_run_goes_on_from_where_the_arm_was_pushed(train, arm):
    run = train(20)
    arm.push()
    train(40, "--resume-from", str(run))
    assert_no_jump(arm, 500)


@pytest.mark.parametrize("steered", [False, True])
def test_a_policy_is_played_from_where_the_arm_was_pushed(steered, train, policy, task, arm):
    run = train(20) if steered else None
    LoneArm.arm = LoneArm.arm or LoneArm(load_preset("place-orange")).arm
    arm.push()
    play(Play(str(policy), task=str(task), driver=DRIVER, episodes=2, run=run))
    assert_no_jump(arm, 100)


def test_an_evaluation_begins_where_the_arm_was_pushed(policy, task, pushed, tmp_path):
    kwargs, out = (f"driver={DRIVER}", f"task={task}"), tmp_path / "played.json"
    evaluate_policy(Evaluation("Real", kwargs, policy=str(policy), episodes=2, out=out))
    assert_no_jump(pushed, 100)


def test_a_calibration_begins_where_the_arm_was_pushed(policy, task, pushed, tmp_path):
    kwargs, name = (f"driver={DRIVER}", f"task={task}"), str(policy)
    calibrate(Calibration("Real", kwargs, name, scales=(1.0,), episodes=2, out=tmp_path))
    assert_no_jump(pushed, 100)


def test_the_conformance_suite_begins_where_the_arm_was_pushed(pushed):
    with suppress(MisbehavingRobotError):  # for this arm flies on in silence
        check_robot(DRIVER, "place-orange")
    assert len(pushed.steps) > 100
    assert max(pushed.steps) <= 1.0 + ROUNDING


def test_a_client_of_the_server_begins_where_the_arm_was_pushed():
    kind = ROBOTS["served"]
    client = kind.make(kind.preset)
    client.push()
    env = RealRobotEnv(kind.preset, driver=client, operator=ScriptedOperator())
    with closing(env):
        env.reset(seed=0)
        for _ in range(5):
            env.step(env.action_space.sample())
    seen = [one for stretch in client.stretches for one in stretch.extremes(kind.preset)]
    assert {"first step", "velocity", "jerk"} <= {one.name for one in seen}
    assert [str(one) for one in seen if not one.kept] == []
    assert sum(len(stretch.commands) for stretch in client.stretches) > 30


@pytest.fixture
def signalled(arm, monkeypatch):
    """Sends a signal while the arm flies, after so many commands."""

    def signalled(number, at):
        command = LoneArm.command

        def commanded(self, sent):
            command(self, sent)
            if len(LoneArm.steps) >= at and LoneArm.fast() and not LoneArm.signals:
                LoneArm.signals.append(len(LoneArm.steps))
                os.kill(os.getpid(), number)

        monkeypatch.setattr(LoneArm, "command", commanded)

    return signalled


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_motion_ends_playing_with_the_arm_at_rest(
    number, policy, task, pushed, signalled, monkeypatch
):
    signalled(number, 300)  # at home, and well on its way again
    words = ["--policy", str(policy), "--task", str(task), "--driver", DRIVER, "--episodes", "3"]
    monkeypatch.setattr(sys, "argv", ["play", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert_no_jump(pushed, 300)
    assert len(pushed.steps) < pushed.signals[0] + 60


class Phase:
    """What training does while the arm is commanded; SIGINT is sent in the warm-up, in motion.

    Attributes:
        at: Phase of each command: "before", "warm-up" or "learning".
        signal: Number of commands until then; None before.
    """

    def __init__(self, monkeypatch):
        self.at: list[str] = []
        self.signal: int | None = None
        self._now = "before"
        self._patch = monkeypatch
        self.note(warmup, "first_actions", "warm-up")
        self.note(SAC, "learn", "learning")
        phase, command = self, LoneArm.command

        def commanded(arm, sent):
            command(arm, sent)
            phase.at.append(phase._now)
            if phase._now == "warm-up" and phase.signal is None and LoneArm.fast():
                phase.signal = len(phase.at)
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(LoneArm, "command", commanded)

    def note(self, owner, name, phase):
        """Let a phase begin with the first call of this."""
        real = getattr(owner, name)

        def noted(*args, **kwargs):
            self._now = phase
            return real(*args, **kwargs)

        self._patch.setattr(owner, name, noted)


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize("clock", [SimulatedClock, WallClock])
def test_ctrl_c_in_the_warm_up_leaves_the_arm_at_rest(clock, train, arm, monkeypatch):
    LoneArm.arm = LoneArm(load_preset("place-orange")).arm
    LoneArm.arm.clock = clock()
    LoneArm.arm.place(LoneArm.arm._coordinates.home)
    phase = Phase(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(4000, "--warmup-decisions", "500")
    assert phase.signal is not None
    assert "learning" not in phase.at
    assert phase.at[phase.signal - 1] == "warm-up"
    assert arm.owner is None
    assert len(arm.steps) < phase.signal + 60  # what is left of a decision, and a way to rest
    # In real time a beat that is late finds the arm where it has flown meanwhile.
    assert max(arm.speeds) <= (0.0 if clock is SimulatedClock else STILL)
    assert clock is WallClock or max(arm.steps) <= 1.0 + ROUNDING


def test_a_recording_is_shown_without_an_arm(policy, task, pushed, tmp_path):
    out = tmp_path / "played.hdf5"
    play(Play(str(policy), task=str(task), driver=DRIVER, episodes=1, out=out))
    commands = len(pushed.steps)
    replay(Replay(out, video=False))
    assert len(pushed.steps) == commands
