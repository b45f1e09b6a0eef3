"""A robot is an honest environment, and a stop is a stop."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from contextlib import closing

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from real.drivers.ideal import FAULTS
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.files import load_preset, presets
from tests.helpers.robots.checks import Witness, violations
from zprl_env import make_env
from zprl_env.errors import (
    ConfigurationError,
    InvalidActionError,
    NotCopiedError,
    RenderingError,
    UnknownNameError,
)
from zprl_env.task import Facts
from zprl_env.tasks import facts_of

PRESET = load_preset("place-orange")
HOME = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0])
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0])


@pytest.fixture
def robot():
    return Witness(PRESET)


@pytest.fixture
def operator():
    return ScriptedOperator(patience=20.0)


@pytest.fixture
def env(robot, operator):
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    yield env
    env.close()
    for stretch in robot.stretches:
        assert violations(stretch, PRESET) == []


def episode(env, seed=None, steps=12):
    rows = [env.reset(seed=seed)[0]]
    rng = np.random.default_rng(7)
    rows += [env.step(rng.uniform(-1, 1, env.action_space.shape))[0] for _ in range(steps)]
    return np.array(rows)


@pytest.mark.parametrize("task", sorted(presets()))
def test_both_checkers_pass(task):
    size = 64 if load_preset(task).pictures else None  # the ideal camera's
    env = RealRobotEnv(task, driver="ideal", render_mode="rgb_array", image_size=size)
    gymnasium_check_env(env, skip_render_check=True)
    sb3_check_env(env, skip_render_check=True)
    env.close()


def test_gymnasium_makes_it_in_a_fresh_interpreter():
    code = "\n".join(
        (
            "import gymnasium as gym, sys",
            "env = gym.make('zprl_env:ZPRL-Real-v0', driver='ideal')",
            "print(env.reset(seed=0)[0].shape, 'torch' in sys.modules, 'mujoco' in sys.modules)",
        )
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(19,) False False\n", "")


def test_the_same_seed_is_the_same_episode_whatever_happened_before():
    env = RealRobotEnv(driver="ideal")
    first = episode(env, seed=3)
    second = episode(env)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(episode(env, seed=3), first)
    np.testing.assert_array_equal(episode(env), second)
    other = RealRobotEnv(driver="ideal")
    np.testing.assert_array_equal(episode(other, seed=3), first)


def test_an_action_is_where_the_arm_is_going(env):
    env.reset(seed=0)
    for _ in range(60):
        observation, *_, info = env.step(AWAY)
    position = observation[env.observation_keys["position"]]
    np.testing.assert_allclose(position, [0.52, 0.15, 0.18], atol=1e-6)
    assert observation[env.observation_keys["gripper"]] == 0.0
    assert info["safety"]["limited"] < 1e-6


def test_a_step_lasts_as_long_as_the_preset_says_and_time_is_told(env, robot):
    env.reset(seed=0)
    began = robot.clock.now()
    for step in range(1, 4):
        *_, info = env.step(AWAY)
        assert robot.clock.now() == pytest.approx(began + step / PRESET.rate)
        assert info["time"]["commanded"] == pytest.approx((step - 1) / PRESET.rate, abs=1e-6)
        assert info["time"]["measured"] == pytest.approx(step / PRESET.rate, abs=1e-6)
        assert info["time"]["overruns"] == 0


def test_what_the_filter_changed_is_told(env):
    env.reset(seed=0)
    *_, info = env.step(np.ones(8))
    assert info["safety"]["clipped"] == pytest.approx(0.92 - 0.58, abs=1e-4)
    assert info["safety"]["limited"] > 0.1


def test_deltas_add_up_from_where_the_arm_was_sent():
    env = RealRobotEnv("flip-egg", driver="ideal")
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.5]))
    for _ in range(10):
        observation = env.step(np.zeros(6))[0]
    position = observation[env.observation_keys["position"]]
    np.testing.assert_allclose(position, [0.57, 0.0, 0.25], atol=1e-6)
    rows = observation[env.observation_keys["rotation_6d"]]
    turned = np.array([np.cos(0.5), np.sin(0.5), 0.0, np.sin(0.5), -np.cos(0.5), 0.0])
    np.testing.assert_allclose(rows, turned, atol=1e-6)


@pytest.mark.parametrize(
    ("event", "reward", "terminated", "truncated"),
    [
        (Event.SUCCESS, 1.0, True, False),
        (Event.FAILURE, 0.0, True, False),
        (Event.ABORT, 0.0, False, True),
        (Event.STOP, 0.0, False, True),
    ],
)
def test_the_operator_s_word_ends_the_episode(env, operator, event, reward, terminated, truncated):
    env.reset(seed=0)
    assert env.step(AWAY)[1:4] == (0.0, False, False)
    operator.say(event)
    _, *values, info = env.step(AWAY)
    assert tuple(values) == (reward, terminated, truncated)
    assert info["is_success"] is (event is Event.SUCCESS)
    assert info["operator"] == (event.value,)
    with pytest.raises(ResetNeeded):
        env.step(AWAY)


def test_the_limit_truncates_and_the_arm_comes_to_rest(robot, operator):
    preset = PRESET.model_copy(update={"episode_steps": 5})
    env = RealRobotEnv(preset, driver=robot, operator=operator)
    env.reset(seed=0)
    ends = [env.step(AWAY)[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    last = robot.stretches[-1][-3:]
    np.testing.assert_allclose(last[0].position, last[-1].position, atol=1e-3)


def test_a_penalty_per_step_is_the_preset_s_choice(robot, operator):
    preset = PRESET.model_copy(update={"reward": "per-step"})
    env = RealRobotEnv(preset, driver=robot, operator=operator)
    env.reset(seed=0)
    assert env.step(AWAY)[1] == -1.0
    operator.say(Event.SUCCESS)
    assert env.step(AWAY)[1:3] == (0.0, True)


@pytest.mark.parametrize("later", [False, True])
def test_an_episode_that_is_worth_nothing_may_be_repeated_with_the_same_scene(later):
    operator = ScriptedOperator()
    with closing(RealRobotEnv("place-orange", driver="ideal", operator=operator)) as env:
        first = env.reset(seed=3)[1]["seed"]
        operator.say(Event.FAILURE if later else Event.REPEAT)
        *_, info = env.step(env.action_space.sample())
        if later:  # the operator thinks better of it until the next one begins
            operator.say(Event.REPEAT)
        assert env.reset()[1]["seed"] == first
        assert info["outcome"]["outcome"] == "abort"
        operator.say(Event.FAILURE)
        env.step(env.action_space.sample())
        assert env.reset()[1]["seed"] != first


def test_an_emergency_stop_holds_until_somebody_releases_it(robot):
    operator = ScriptedOperator(answers=[Event.READY], patience=2.0)
    env = RealRobotEnv(PRESET, driver=robot, operator=operator)
    env.reset(seed=0)
    operator.say(Event.STOP)
    *_, info = env.step(AWAY)
    assert info["safety"]["stop_source"] == "operator"
    sent = len(robot.stamps)
    with pytest.raises(RobotError, match=r"within 2 s\. Got: no 'release'. The arms are stopped"):
        env.reset()
    assert len(robot.stamps) == sent
    operator.say(Event.RELEASE)
    env.reset()
    assert not env.step(AWAY)[3]
    assert len(robot.stamps) > sent


@pytest.mark.parametrize("fault", sorted({*FAULTS} - {"gone"}))
def test_every_fault_stops_the_arm_and_the_next_episode_is_as_ever(env, robot, fault):
    env.reset(seed=0)
    for _ in range(5):
        env.step(AWAY)
    robot.fault = fault
    for _ in range(30):
        _, reward, terminated, truncated, info = env.step(AWAY)
        if truncated:
            break
    assert (reward, terminated, truncated) == (0.0, False, True)
    own = fault == "reflex"  # of the robot's own, and counted apart by that name
    assert info["safety"]["stop_source"] in (("reflex",) if own else ("driver", "watchdog"))
    assert info["outcome"] == {"outcome": "reflex" if own else "stop"}
    assert info["safety"]["stop"]
    observation, info = env.reset(seed=0)
    assert info["safety"]["stop"] == ""
    np.testing.assert_allclose(observation[:3], [0.42, 0.0, 0.28], atol=1e-9)
    assert env.step(AWAY)[2:4] == (False, False)


def test_a_robot_that_never_comes_back_is_an_error_in_the_end(env, robot):
    env.reset(seed=0)
    robot.fault = "gone"
    assert env.step(AWAY)[3]
    with pytest.raises(
        RobotError, match=r"free to move within 20 s\. Got: The robot must be there"
    ):
        env.reset()
    robot.fault = None
    env.reset()


def test_a_stop_on_the_way_home_stops_there_and_the_reset_goes_on_after_release(
    env, robot, operator
):
    env.reset(seed=0)
    for _ in range(30):
        env.step(AWAY)
    stops = robot.stops
    operator.say(Event.STOP)
    observation, _ = env.reset()
    assert robot.stops == stops + 1
    assert [event for event, _ in operator.asked if event is Event.RELEASE] == [Event.RELEASE]
    np.testing.assert_allclose(observation[:3], [0.42, 0.0, 0.28], atol=1e-9)


def test_a_pause_holds_the_arm_and_takes_nothing_from_the_episode(env, robot, operator):
    env.reset(seed=0)
    for _ in range(10):
        env.step(AWAY)
    operator.say(Event.PAUSE)
    seen = []
    poll = operator.poll

    def resumed():
        seen.append(robot.stretches[-1][-1].position.copy())
        if len(seen) == 200:
            operator.say(Event.RESUME)
        return poll()

    operator.poll = resumed
    *_, truncated, _ = env.step(AWAY)
    assert not truncated
    np.testing.assert_allclose(seen[199], seen[100], atol=1e-12)


def test_a_caller_who_is_gone_for_too_long_finds_the_arm_stopped(env, robot):
    env.reset(seed=0)
    robot.clock.sleep_until(robot.clock.now() + 5.0)  # before an episode moves, time is free
    assert not env.step(AWAY)[3]
    robot.clock.sleep_until(robot.clock.now() + 3.0 / PRESET.control_rate)
    *_, truncated, info = env.step(AWAY)
    assert (truncated, info["time"]["overruns"]) == (False, 3)
    robot.clock.sleep_until(robot.clock.now() + 1.0)
    *_, truncated, info = env.step(AWAY)
    assert truncated
    assert "deadlines in a row may be missed; got 60" in info["safety"]["stop"]


def test_ctrl_c_stops_the_arm(env, robot, operator, monkeypatch):
    env.reset(seed=0)
    env.step(AWAY)

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(operator, "poll", interrupted)
        stops = robot.stops
        with pytest.raises(KeyboardInterrupt):
            env.step(AWAY)
    assert robot.stops == stops + 1
    assert env.step(AWAY)[3]


def test_actions_that_do_not_fit_are_refused_and_the_arm_rests(env, robot):
    env.reset(seed=0)
    for _ in range(10):
        env.step(AWAY)
    with pytest.raises(InvalidActionError, match=r"must have shape \(8,\), got \(3,\)"):
        env.step(np.zeros(3))
    with pytest.raises(InvalidActionError, match=r"must be finite, got \[nan"):
        env.step(np.full(8, np.nan))
    with pytest.raises(InvalidActionError, match="must be numbers, got 'up'"):
        env.step("up")
    last = robot.stretches[-1][-3:]
    np.testing.assert_allclose(last[0].position, last[-1].position, atol=1e-3)
    assert not env.step(AWAY)[3]


def test_nothing_comes_before_a_reset_or_after_close(env):
    with pytest.raises(ResetNeeded):
        env.step(AWAY)
    env.reset(seed=0)
    env.close()
    with pytest.raises(ClosedEnvironmentError, match="make a new one"):
        env.reset()


def test_what_is_unknown_or_impossible_is_named():
    with pytest.raises(UnknownNameError, match="unknown render mode 'human'"):
        RealRobotEnv(driver="ideal", render_mode="human")
    with pytest.raises(UnknownNameError, match="unknown driver 'idal'; did you mean 'ideal'"):
        RealRobotEnv(driver="idal")
    with pytest.raises(UnknownNameError, match="unknown operator 'robot'"):
        make_env("Real", driver="ideal", operator="robot")
    with pytest.raises(ConfigurationError, match=r"takes: realtime, faults. Got: .*'relatime"):
        RealRobotEnv(driver="ideal", relatime=True)
    with pytest.raises(ConfigurationError, match=r"place-orange needs 1 arms\. Got: 2"):
        RealRobotEnv(driver=Witness(load_preset("open-box")))


def test_a_picture_needs_a_camera(robot, operator):
    env = RealRobotEnv(PRESET, driver=robot, operator=operator, render_mode="rgb_array")
    image = env.render()
    assert image is not None
    assert image.shape == (64, 64, 3)
    preset = PRESET.model_copy(update={"cameras": ()})
    blind = RealRobotEnv(preset, driver=Witness(preset), render_mode="rgb_array")
    with pytest.raises(RenderingError, match="needs a camera in the preset"):
        blind.render()
    assert RealRobotEnv(driver="ideal").render() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", 0.05),
        ("noise", "fresh:0.25"),
        ("gamma", 0.9),
        ("n_action_steps", 3),
        ("horizon", 12),
    ],
)
def test_what_its_preset_says_reaches_whatever_steers_it(name, value):
    preset = PRESET.model_copy(update={name: value})
    told = facts_of(gym.wrappers.ClipAction(RealRobotEnv(preset, driver="ideal")))
    assert told == Facts(0.5, "fresh", 0.998, 10, 16)._replace(**{name: value})
    assert facts_of(make_env("Real", task=preset, driver="ideal")) == told
    silent = RealRobotEnv(PRESET.model_copy(update={name: None}), driver="ideal")
    assert getattr(silent.facts, name) == getattr(Facts(), name)


def test_the_toolkit_makes_it_and_chunks_it():
    env = make_env("Real-open-box", driver="ideal")
    assert env.reset(seed=0)[0].shape == (44,)
    assert env.get_wrapper_attr("preset").episode_steps == 400
    env.close()


@pytest.mark.parametrize("twice", [copy.copy, copy.deepcopy, pickle.dumps])
def test_there_is_one_robot_and_it_is_not_copied(twice):
    env = RealRobotEnv("place-orange", driver="ideal")
    with pytest.raises(NotCopiedError, match="There is one robot"):
        twice(env)
    env.close()
