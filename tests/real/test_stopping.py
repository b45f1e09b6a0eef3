"""A stop works whatever causes it and whatever goes on: the arms brake or hold, and stay so."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from real.clock import WallClock
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations
from tests.helpers.robots.coasting import CoastingRobot
from zprl_env import LatentSteeringWrapper
from zprl_env.testing import LinearPolicy

PRESET = load_preset("place-orange")
COORDINATES = Coordinates(PRESET)
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0])
PHASES = ("homing", "waiting", "chunk", "pause", "evaluation")


class Interrupting(ScriptedOperator):
    """Does something after so many looks, such as pressing Ctrl-C."""

    robot: CoastingRobot

    def __init__(self, deed):
        super().__init__(patience=1.0)
        self.deed, self.left = deed, 10**9

    def poll(self):
        self.left -= 1
        if self.left == 0:
            self.deed(self)
        return super().poll()

    def hear(self):
        return super().poll()  # by the thread beside the loop, in which no Ctrl-C comes


def interrupted(_):
    raise KeyboardInterrupt


def stop(operator):
    operator.say(Event.STOP)


def lost(operator):
    operator.robot.broken |= {"command": RobotError("no answer"), "state": OSError("reset")}


def defect(operator):
    operator.robot.broken["state"] = ValueError("a driver's defect")


def deaf(operator):
    operator.robot.broken["stop"] = RuntimeError("cannot be told")
    operator.say(Event.STOP)


CAUSES = {"SPACE": stop, "Ctrl-C": interrupted, "lost": lost, "defect": defect, "deaf": deaf}


def go_through(phase, env, operator, envs):
    """Get to a phase, in which the operator does its deed."""
    if phase == "homing":
        env.robot.place(COORDINATES.home + np.array([[0.05, 0.2, -0.1, 0, 0, 0, 0]]))
        operator.left = 30
        env.reset(seed=0)
        return
    if phase == "waiting":
        operator._answers = frozenset()
        operator.left = 240
        env.reset(seed=0)
        return
    env.reset(seed=0)
    if phase == "evaluation":
        other = RealRobotEnv(PRESET, driver=env.robot, operator=operator)
        envs.append(other)
        other.reset(seed=1)
        env = other
    if phase == "pause":
        env.step(AWAY)
        operator.say(Event.PAUSE)
    operator.left = 15
    for _ in range(40):
        if any(env.step(AWAY)[2:4]):
            return


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("cause", CAUSES)
def test_whatever_happens_the_arm_is_at_rest_and_its_commands_kept_the_limits(cause, phase):
    operator = Interrupting(CAUSES[cause])
    robot = operator.robot = CoastingRobot(PRESET)
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    envs = [env]
    with contextlib.suppress(KeyboardInterrupt, RobotError, ValueError):
        go_through(phase, env, operator, envs)
    robot.broken.clear()
    assert robot.moved_within(1.0) < 1e-6
    for env in envs:
        env.close()
    assert robot.calls[-1] == "close"
    start = robot.commands[0][1] if robot.commands else COORDINATES.command(COORDINATES.home)
    if phase not in ("homing", "evaluation"):
        assert violations([start, *(c for _, c in robot.commands)], PRESET) == []


@pytest.mark.parametrize("fault", ["raises", "NaN", "too few"])
def test_a_policy_that_fails_in_motion_leaves_the_arm_at_rest(fault):
    class Failing(LinearPolicy):
        left = 10**9

        def decode(self, latents, noise):
            self.left -= 1
            actions = np.float32(AWAY) + np.float32(1e-3) * super().decode(latents, noise)
            if self.left > 0:
                return actions
            if fault == "raises":
                raise ValueError("no decision")
            return actions * np.nan if fault == "NaN" else actions[:, :1]

    robot = CoastingRobot(PRESET)
    env = RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator())
    policy = Failing(19, 8)
    steered = LatentSteeringWrapper(env, policy, scale=0.1, n_action_steps=2)
    steered.reset(seed=0)
    policy.left = 8
    still = np.zeros(steered.action_space.shape or (), np.float32)
    for _ in range(7):
        steered.step(still)
    assert np.linalg.norm(robot.state().linear_velocity) > 0.1
    with pytest.raises(Exception, match=r"no decision|finite|shape|must"):
        steered.step(still)
    assert np.linalg.norm(robot.state().linear_velocity) < 1e-9
    assert violations([c for _, c in robot.commands], PRESET) == []
    steered.close()


class Slow(CoastingRobot):
    """Takes its time by the computer's clock."""

    def __init__(self, preset):
        super().__init__(preset)
        self.clock = WallClock()
        self.place(COORDINATES.home)
        self.blocking: str | None = None

    def connect(self):
        self._block("connect")

    def home(self):
        self._block("home")
        super().home()

    def state(self):
        self._block("state")
        return super().state()

    def command(self, command):
        self._block("command")
        super().command(command)

    def _block(self, name):
        if self.blocking == name:
            time.sleep(1.0)


@pytest.mark.parametrize("method", ["home", "state", "command"])
def test_a_stop_is_heard_while_the_driver_blocks(method):
    robot, operator = Slow(PRESET), ScriptedOperator(patience=0.5)
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    if method != "home":
        env.reset(seed=0)
        env.step(AWAY)
    robot.blocking = method
    said: list[float] = []
    at = 0.6 if method == "home" else 0.2

    def press():
        said.append(time.monotonic())
        operator.say(Event.STOP)

    threading.Timer(at, press).start()
    try:
        for _ in range(3):
            if method == "home":
                env.reset(seed=0)
            elif any(env.step(AWAY)[2:4]):
                break
    except RobotError:
        pass
    robot.blocking = None
    assert robot.stops
    assert min(abs(stop - said[0]) for stop in robot.stops) < 0.3
    env.close()


def test_an_arm_that_cannot_be_told_is_braked_while_a_policy_thinks():
    robot, operator = Slow(PRESET), ScriptedOperator()
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    env.reset(seed=0)
    for _ in range(8):
        env.step(AWAY)
    assert np.linalg.norm(robot.state().linear_velocity) > 0.1
    robot.broken["stop"] = RuntimeError("cannot be told")
    operator.say(Event.STOP)
    time.sleep(0.1)  # less than after which it would be braked in any case
    assert env._loop.emergency.latched
    time.sleep(0.7)
    assert np.linalg.norm(robot.state().linear_velocity) < 0.02
    robot.broken.clear()
    env.close()


def test_a_brake_that_was_refused_is_not_taken_up_when_the_driver_answers_again():
    robot = Slow(PRESET)
    env = RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator())
    env.reset(seed=0)
    for _ in range(8):
        env.step(AWAY)
    robot.broken |= dict.fromkeys(("stop", "command", "state"), RobotError("no answer"))
    *_, truncated, _ = env.step(AWAY)
    assert truncated
    sent = len(robot.commands)
    robot.broken.clear()  # by somebody who sees the arms at rest
    time.sleep(0.5)
    assert len(robot.commands) == sent
    env.close()


def test_arms_that_nobody_commands_are_braked_although_they_cannot_be_measured():
    robot, operator = Slow(PRESET), ScriptedOperator()
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    env.reset(seed=0)
    for _ in range(8):
        env.step(AWAY)
    assert np.linalg.norm(robot.state().linear_velocity) > 0.1
    robot.blocking = "state"  # for a second
    time.sleep(0.9)
    robot.blocking = None
    assert np.linalg.norm(robot.state().linear_velocity) < 0.02
    assert violations([c for _, c in robot.commands], PRESET) == []
    env.close()


def test_arms_that_nobody_commands_any_more_are_braked_by_themselves():
    robot = Slow(PRESET)
    env = RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator())
    env.reset(seed=0)
    for _ in range(8):
        env.step(AWAY)
    assert np.linalg.norm(robot.state().linear_velocity) > 0.1
    time.sleep(1.0)  # a learner that learns, a debugger, an exception in a notebook
    assert np.linalg.norm(robot.state().linear_velocity) < 1e-9
    *_, truncated, info = env.step(AWAY)
    assert truncated
    assert "no action for" in info["safety"]["stop"]
    assert info["outcome"] == {"outcome": "stop"}
    env.close()


SCRIPT = """
import os, signal, sys, time
import numpy as np
from real.env import RealRobotEnv
from real.operators import ScriptedOperator
from tests.real.test_stopping import AWAY, PRESET, Slow

class Telling(Slow):
    def close(self):
        print("speed", round(float(np.linalg.norm(self.state().linear_velocity)), 6), flush=True)
        super().close()

env = RealRobotEnv(PRESET, driver=Telling(PRESET), operator=ScriptedOperator())
env.reset(seed=0)
for step in range(1000):
    env.step(AWAY)
    if step == 8:
        {end}
"""


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("os.kill(os.getpid(), signal.SIGHUP)", 129),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
        ("raise RuntimeError('a learner')", 1),
        ("sys.exit(0)", 0),
    ],
)
def test_a_process_that_ends_in_motion_brakes_the_arm_and_closes_the_driver(end, code):
    command = [sys.executable, "-c", SCRIPT.format(end=end)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    name, speed = done.stdout.split()
    assert (name, float(speed) < 1e-3) == ("speed", True), done.stderr  # it flew at 0.3 m/s
    assert done.returncode == code
