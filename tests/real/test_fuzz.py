"""No sequence of commands, events and faults gets an unsafe command through."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real.drivers.ideal import FAULTS
from real.env import RealRobotEnv
from real.motion.safety import SafetyFilter
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset, parse_preset, presets
from tests.helpers.robots.checks import Witness, violations
from zprl_env.errors import InvalidActionError

COMMANDS = int(os.environ.get("ZPRL_FUZZ_COMMANDS", "100000"))
"""Commands that are fuzzed; 10^6 take minutes."""

HOSTILE: list[Any] = [np.nan, np.inf, -np.inf, 1e300, -1e-300, "up", None, [[1.0], [2.0, 3.0]], 1j]


def wild_target(rng: np.random.Generator, near: np.ndarray) -> Any:
    """Anything that a caller may hand over for a target."""
    kind = rng.integers(8)
    if kind < 3:
        return near + rng.normal(0.0, 10.0 ** rng.uniform(-5.0, 1.0), near.shape)
    if kind == 3:
        return rng.uniform(-1.0, 1.0, near.shape)
    if kind == 4:
        return np.where(rng.random(near.shape) < 0.2, rng.choice(HOSTILE[:5]), near)
    if kind == 5:
        return np.full(near.shape, rng.choice([-1e9, 0.0, 1e9]))
    if kind == 6:
        return rng.normal(size=rng.integers(0, 9, rng.integers(0, 3)))
    return HOSTILE[rng.integers(len(HOSTILE))]


def two_arms_in_degrees():
    """Joint presets as ALOHA's are: two arms of six joints in degrees, without any kinematics."""
    content = load_preset("place-orange-joints").model_dump(mode="json")
    (arm,) = content["arms"]
    limits: dict[str, Any] = {
        "low": [-90.0] * 6,
        "high": [90.0] * 6,
        "velocity": [90.0, 60.0, 60.0, 120.0, 120.0, 180.0],
    }
    limits |= {"acceleration": 500.0, "jerk": 8000.0}
    arm |= {"joints": 6, "units": "degrees", "kinematics": None, "safety": {"joints": limits}}
    arm |= {"home": {"joints": [0.0, -45.0, 60.0, 0.0, 30.0, 0.0]}, "grip": {"kind": "binary"}}
    scale = {"joints": [45.0] * 6}
    return parse_preset(content | {"name": "two", "arms": [arm, arm], "action_scale": scale})


FILTERED = {name: load_preset(name) for name in ("place-orange", "open-box", "place-orange-joints")}
FILTERED["two-arms"] = two_arms_in_degrees()


@pytest.mark.slow
@pytest.mark.parametrize("task", [*FILTERED])
def test_wild_targets_become_commands_that_keep_every_limit(task):
    preset = FILTERED[task]
    coordinates, safety = coordinates_of(preset), SafetyFilter(preset)
    rng = np.random.default_rng(0)
    target: Any = coordinates.home
    for _ in range(COMMANDS // (25 if preset.space == "joints" else 2) // 2000):
        # Somebody may have put the arms anywhere, outside the box too.
        safety.restart(coordinates.home + rng.normal(0.0, 0.1, coordinates.home.shape))
        passed = [safety.coordinates.copy()]
        for _ in range(2000):
            if rng.random() < 0.3:
                target = wild_target(rng, safety.coordinates)
            if rng.random() < 0.05:
                passed.append(safety.brake().coordinates)
            elif preset.space == "joints" and rng.random() < 0.1:
                passed.append(safety.follow(target).coordinates)
            else:
                speed = float(rng.choice([1.0, 1.0, 1.0, 0.5, 0.01]))
                passed.append(safety.advance(target, speed).coordinates)
        while not safety.at_rest:
            passed.append(safety.brake().coordinates)
            assert len(passed) < 2200
        assert np.abs(passed[-1] - safety.brake().coordinates).max() < 1e-9  # and there it stays
        assert violations([coordinates.command(c) for c in passed], preset) == []


PRESETS = {name: load_preset(name) for name in sorted(presets())}
EVENTS = st.lists(st.sampled_from(Event), max_size=2)
ACTIONS = st.one_of(
    st.floats(-1.0, 1.0),
    st.floats(allow_nan=True, allow_infinity=True),
    st.just("wrong shape"),
    st.just("random"),
)
STEPS = st.lists(
    st.tuples(
        ACTIONS,
        EVENTS,
        st.one_of(st.none(), st.none(), st.sampled_from([*FAULTS, "healed"])),
        st.one_of(st.just(0.0), st.floats(0.0, 2.0)),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(task=st.sampled_from([*PRESETS]), steps=STEPS, seed=st.integers(0, 9))
def test_whatever_happens_nothing_unsafe_is_sent_and_a_stop_holds_until_released(task, steps, seed):
    preset = PRESETS[task]
    robot = Witness(preset)
    operator = ScriptedOperator(patience=5.0)
    size = 64 if preset.pictures else None  # of the ideal camera
    env = RealRobotEnv(preset, driver=robot, operator=operator, image_size=size)
    env.action_space.seed(seed)
    env.reset(seed=seed)
    for action, events, fault, delay in steps:
        operator.say(*events)
        if fault is not None:
            robot.fault = None if fault == "healed" else fault
        robot.clock.sleep_until(robot.clock.now() + delay)
        sent = (
            np.full(env.action_space.sample().shape, action)
            if isinstance(action, float)
            else action
        )
        if action == "random":
            sent = env.action_space.sample()
        try:
            _, reward, terminated, truncated, info = env.step(sent)
        except InvalidActionError:
            continue
        except ResetNeeded:
            try:
                env.reset()
            except RobotError:  # the fault is one that outlasts the operator's patience
                robot.fault = None
            continue
        if info["safety"]["stop"]:
            assert (terminated, truncated, reward) == (False, True, 0.0)
            given_before = len(robot.stamps)
            with pytest.raises(ResetNeeded):
                env.step(env.action_space.sample())
            assert len(robot.stamps) == given_before
    robot.fault = None
    env.close()
    for stretch in robot.stretches:
        assert violations(stretch, preset) == []
    assert not np.any(np.diff(robot.stamps) < 0.49 / preset.control_rate)
