"""Chunks decided ahead, on arms that keep their velocity in silence: the beat, and every end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from real.clock import WallClock
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import Witness, violations
from tests.helpers.robots.coasting import CoastingRobot
from zprl_env import LatentSteeringWrapper
from zprl_env.errors import ConfigurationError
from zprl_env.testing import LinearPolicy

SHIPPED = load_preset("place-orange")
PATIENT = SHIPPED.watchdog.model_copy(update={"max_missed_deadlines": 120, "max_state_age": 3.0})
PRESET = SHIPPED.model_copy(update={"watchdog": PATIENT})  # for machines that are busy with tests
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0])
BACK = np.array([-0.1, -0.3, 0.1, 0.0, 1.0, 0.0, 0.0, 1.0])
N, DELAY = 6, 2
AT_REST = 5e-3
"""Speed that such an arm keeps where its last command came a little early or late [m/s]."""


class Coasting(CoastingRobot):
    """A coasting robot in real time, which notes who commands it."""

    def __init__(self, preset=PRESET):
        super().__init__(preset)
        self.clock = WallClock()
        self.place(Coordinates(preset).home)
        self.threads = []
        self.home_pose = Coordinates(preset).command(Coordinates(preset).home)

    def command(self, command):
        self.threads.append(threading.current_thread().name)
        super().command(command)

    @property
    def told(self):
        """Where it was at rest, and every command since."""
        return [self.home_pose, *(command for _, command in self.commands)]

    @property
    def speed(self):
        return float(np.linalg.norm(self.state().linear_velocity))


class Swaying(LinearPolicy):
    """Goes there and back, chunk by chunk; `during` is done while it decides."""

    def __init__(self, horizon=N + DELAY, during=lambda decision: None):
        super().__init__(19, 8, horizon=horizon, n_action_steps=N)
        self.during, self.decisions, self.asked = during, 0, False

    def decode(self, latents, noise):
        actions = super().decode(latents, noise)
        if self.asked:
            self.decisions += 1
            actions[...] = AWAY if self.decisions % 2 else BACK
            self.during(self.decisions)
        return actions


def steer(policy, robot=None, *, operator=None, delay=DELAY, preset=PRESET, **options):
    env = RealRobotEnv(
        preset,
        driver=Coasting(preset) if robot is None else robot,
        operator=ScriptedOperator(patience=1.0) if operator is None else operator,
        inference="ahead",
        delay=delay,
        **options,
    )
    steered = LatentSteeringWrapper(env, policy, scale=0.1, noise="zero", n_action_steps=N)
    steered.reset(seed=0)
    policy.asked = True
    return steered, env.robot


STILL = np.zeros(2, np.float32)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_commands_go_on_while_the_next_chunk_is_decided():
    between: list[int] = []

    def decide(decision):
        began = len(robot.commands)
        time.sleep(0.1)
        between.append(len(robot.commands) - began)

    steered, robot = steer(Swaying(2 * N, decide), delay=N)
    for _ in range(4):
        *_, info = steered.step(STILL)
    steered.close()
    assert between[0] == 0  # from standstill nothing is on its way
    assert min(between[1:]) >= 2, between  # 6 on an idle machine
    assert {"beat", threading.current_thread().name} == set(robot.threads)
    assert info["ahead"]["underruns"] <= 1
    assert violations(robot.told, PRESET) == []


@pytest.mark.parametrize("who", ["policy", "learner"])
def test_a_late_chunk_lets_the_arm_brake_within_its_limits_and_go_on(who):
    speeds: list[float] = []

    def at_rest():
        speeds.append(robot.speed)
        return speeds[-1] < AT_REST

    def take_time(decision):
        if decision in (0, 2):
            until(lambda: robot.speed > 0.05)
            until(lambda: robot.speed < AT_REST)
            time.sleep(0.1)
            until(at_rest)  # once more: told late, it sways

    policy = Swaying(during=take_time if who == "policy" else lambda decision: None)
    steered, robot = steer(policy)
    steered.step(STILL)
    if who == "learner":
        take_time(0)
    *_, truncated, info = steered.step(STILL)
    assert not truncated
    assert speeds[-1] == pytest.approx(0.0, abs=AT_REST)
    ahead = info["ahead"]
    assert (ahead["underruns"], ahead["because_of"]) == (1, who)
    assert ahead["held"] >= 3  # and it stood still, commanded all the time
    assert ahead["late"] > 0.0
    before = robot.commands[-1][1].position
    *_, truncated, info = steered.step(STILL)
    assert not truncated
    assert info["ahead"]["dropped"] == 0
    assert np.abs(robot.commands[-1][1].position - before).max() > 1e-3
    steered.close()
    assert violations(robot.told, PRESET) == []


def test_relative_actions_that_are_left_over_are_not_anchored_anew_where_the_arm_has_braked():
    delta = PRESET.model_copy(
        update={
            "action": ("position_delta", "rotation_delta", "gripper"),
            "action_scale": PRESET.action_scale.model_copy(
                update={"position": 0.01, "rotation": 0.01}
            ),
        }
    )

    class Creeping(LinearPolicy):
        late = 0.0

        def decode(self, latents, noise):
            time.sleep(self.late)
            actions = super().decode(latents, noise)
            actions[...] = 0.0
            actions[:, :, 6] = 1.0
            if self.decided < 3:
                actions[:, :, 1] = 0.5
            self.decided += 1
            return actions

        decided = 0

    places = []
    for late in (0.0, 0.25):
        robot, policy = Coasting(delta), Creeping(19, 7, horizon=N + DELAY, n_action_steps=N)
        env = RealRobotEnv(
            delta, driver=robot, operator=ScriptedOperator(), inference="ahead", delay=DELAY
        )
        steered = LatentSteeringWrapper(env, policy, scale=0.0, noise="zero", n_action_steps=N)
        steered.reset(seed=0)
        policy.decided, policy.late = 0, late
        held = 0
        for _ in range(6):
            *_, info = steered.step(STILL)
            held += info["ahead"]["held"]
        assert held > 0 if late else True
        places.append(robot.commands[-1][1].position[0, 1])
        steered.close()
    # Three chunks of 6, and 2 of the third one that were committed: 20 actions of 5 mm.
    assert places == pytest.approx([0.1, 0.1], abs=1e-4)


def interrupted(*_):
    raise KeyboardInterrupt


def ended(*_):
    raise SystemExit(143)  # what SIGTERM becomes


def failed(*_):
    raise RuntimeError("a policy's defect")


def stop(robot, operator, env):
    operator.say(Event.STOP)
    until(lambda: env.unwrapped._loop.emergency.latched)


def deaf(robot, operator, env):
    robot.broken["stop"] = RuntimeError("cannot be told")
    stop(robot, operator, env)


def lost(robot, operator, env):
    robot.broken |= {"command": RobotError("no answer"), "state": OSError("reset")}


def defect(robot, operator, env):
    robot.broken["state"] = ValueError("a driver's defect")


def closed(robot, operator, env):
    env.unwrapped.close()


def begun_anew(robot, operator, env):
    env.unwrapped.reset()


CAUSES = {
    "SPACE": stop,
    "deaf": deaf,
    "Ctrl-C": interrupted,
    "SIGTERM": ended,
    "policy": failed,
    "lost": lost,
    "defect": defect,
    "close": closed,
    "reset": begun_anew,
}
ENDS = (KeyboardInterrupt, SystemExit, RuntimeError, RobotError, ValueError, ResetNeeded)


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["committed", "held"])
@pytest.mark.parametrize("cause", CAUSES)
def test_whatever_happens_while_a_chunk_is_decided_the_arm_comes_to_rest(cause, phase):
    operator = ScriptedOperator(patience=0.3)

    def happen(decision):
        if decision != 3:
            return
        if phase == "held":
            until(lambda: bool(steered.unwrapped._loop.held))
        CAUSES[cause](robot, operator, steered)

    steered, robot = steer(Swaying(2 * N, happen), operator=operator, delay=N)
    over = False
    with contextlib.suppress(*ENDS):
        for _ in range(4):
            *_, over, _info = steered.step(STILL)
            if over:
                break
    robot.broken.clear()
    until(lambda: robot.speed < AT_REST, 2.0)
    steered.close()
    count = len(robot.commands)
    assert robot.calls[-1] == "close"
    time.sleep(0.05)
    assert len(robot.commands) == count  # nothing goes on behind anybody's back
    if cause not in ("lost", "defect", "reset"):
        assert violations(robot.told, PRESET) == []


def test_after_a_stop_the_late_chunk_is_dropped_and_the_episode_is_over():
    operator = ScriptedOperator(patience=0.3)

    def press(decision):
        if decision == 2:
            until(lambda: bool(steered.unwrapped._loop.held))
            stop(robot, operator, steered)

    steered, robot = steer(Swaying(during=press), operator=operator)
    steered.step(STILL)
    count = len(robot.commands)
    *_, terminated, truncated, info = steered.step(STILL)
    assert (terminated, truncated) == (False, True)
    assert info["outcome"] == {"outcome": "stop"}
    assert info["ahead"]["dropped"] == 1
    assert info["ahead"]["committed"] == 0
    assert len(robot.stops) == 1
    assert len(robot.commands) > count  # of what was committed
    steered.close()


def test_a_reset_drops_what_was_committed():
    steered, robot = steer(policy := Swaying(2 * N), delay=N)
    steered.step(STILL)
    policy.asked = False
    steered.reset(seed=1)
    assert "beat" not in robot.threads[-10:]
    steered.close()


def test_another_environment_that_takes_the_arm_finds_it_at_rest_and_alone():
    steered, robot = steer(Swaying(2 * N), delay=N)
    steered.step(STILL)
    until(lambda: robot.speed > 0.05)
    other = RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator())
    other.reset(seed=1)
    count = len(robot.threads)
    for _ in range(5):
        other.step(AWAY)
    assert "beat" not in robot.threads[count:]
    other.close()
    *_, truncated, info = steered.step(STILL)
    assert truncated
    assert info["outcome"] == {"outcome": "abort"}
    steered.close()


class Steps:
    """Notes every step."""

    def __init__(self):
        self.steps = []

    def begin(self, *_):
        self.steps.clear()

    def add(self, step):
        self.steps.append(step)

    def end(self, outcome):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("realtime", [False, True])
def test_every_action_is_recorded_once_in_order_with_all_of_its_commands(realtime):
    recorder, late = Steps(), 0.15
    policy = Swaying(during=lambda decision: time.sleep(late if decision == 3 else 0.0))
    robot = Witness(PRESET, realtime=realtime)
    steered, _ = steer(policy, robot, recorder=recorder)
    before = len(robot.stretches[-1])
    *_, info = [steered.step(STILL) for _ in range(4)][-1]
    steered.close()
    there = [bool(step.action[7] < 0) for step in recorder.steps[: 4 * N]]
    assert there == 8 * [True] + 6 * [False] + 6 * [True] + 4 * [False]
    assert (info["ahead"]["underruns"] > 0) is realtime
    ticks = [tick.command for step in recorder.steps for tick in step.ticks]
    assert len(ticks) >= 2 * 4 * N
    for tick, given in zip(ticks, robot.stretches[-1][before:], strict=False):
        np.testing.assert_array_equal(tick.position, given.position)


def test_a_simulation_declares_its_delay_and_the_same_seed_is_the_same_episode():
    def play(**options):
        env = RealRobotEnv(PRESET, driver="sim", **options)
        policy = Swaying()
        steered = LatentSteeringWrapper(env, policy, scale=0.5, n_action_steps=N)
        policy.asked = True
        seen = [steered.reset(seed=3)[0]]
        rng = np.random.default_rng(0)
        for _ in range(4):
            seen.append(steered.step(rng.uniform(-1, 1, 2).astype(np.float32))[0])
        steered.close()
        return np.stack(seen)

    ahead = play(inference="ahead", delay=DELAY)
    np.testing.assert_array_equal(ahead, play(inference="ahead", delay=DELAY))
    sync = play()
    assert ahead.shape[1] == sync.shape[1] + DELAY * 8 + 1
    assert not np.allclose(ahead[-1, -sync.shape[1] :], sync[-1])


def test_the_preset_or_a_setting_says_when_chunks_are_decided():
    ahead = PRESET.model_copy(update={"inference": "ahead", "delay": 3})
    for preset, options, delay in (
        (PRESET, {}, 0),
        (PRESET, {"inference": "ahead"}, 2),
        (ahead, {}, 3),
        (ahead, {"inference": "sync"}, 0),
        (ahead, {"inference": "ahead", "delay": 1}, 1),
    ):
        env = RealRobotEnv(preset, driver="ideal", **options)
        assert env.delay == delay
        env.close()
    with pytest.raises(ConfigurationError, match="inference must be one of"):
        RealRobotEnv(PRESET, driver="ideal", inference="async")  # type: ignore[arg-type]


def test_a_stop_for_missed_deadlines_says_that_it_was_the_policy():
    strict = PATIENT.model_copy(update={"max_missed_deadlines": 6})
    preset = PRESET.model_copy(update={"watchdog": strict})
    robot = Coasting(preset)
    env = RealRobotEnv(preset, driver=robot, operator=ScriptedOperator())
    policy = Swaying(during=lambda decision: time.sleep(0.4 if decision == 2 else 0.0))
    steered = LatentSteeringWrapper(env, policy, scale=0.1, noise="zero", n_action_steps=N)
    steered.reset(seed=0)
    policy.asked = True
    steered.step(STILL)
    *_, truncated, info = steered.step(STILL)
    assert truncated
    assert "from the policy, while the arms moved. Try inference=ahead" in info["safety"]["stop"]
    steered.close()


SCRIPT = """
import os, signal, time
from tests.real.test_ahead import N, STILL, Coasting, Swaying, steer, until

class Telling(Coasting):
    def close(self):
        print("speed", round(self.speed, 6), flush=True)  # at 0.3 m/s before
        super().close()

def during(decision):
    if decision == 3:
        assert robot.speed > 0.05
        {end}
        time.sleep(5.0)

steered, robot = steer(Swaying(2 * N, during), Telling(), delay=N)
for _ in range(10):
    steered.step(STILL)
"""


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize(
    ("end", "code"),
    [("os.kill(os.getpid(), signal.SIGTERM)", 143), ("raise RuntimeError('a policy')", 1)],
)
def test_a_process_that_ends_while_a_chunk_is_decided_brakes_the_arm_and_closes(end, code):
    command = [sys.executable, "-c", SCRIPT.format(end=end)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    name, speed = done.stdout.split()
    assert (name, float(speed) < AT_REST) == ("speed", True), done.stderr
    assert done.returncode == code, done.stderr
