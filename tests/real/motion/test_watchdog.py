"""Every measurement is looked at, and what is wrong with it is one sentence with both numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from real.motion.watchdog import FUTURE, fault
from real.tasks import rotation
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

PRESET = load_preset("open-box")
LIMITS = PRESET.watchdog
STATE = CoastingRobot(PRESET).state()
"""Two arms at home, measured at 0 s."""


def spoilt(values, index, value):
    spoilt = np.array(values, np.float64)
    spoilt[index] = value
    return spoilt


def test_nothing_is_wrong_with_arms_at_home():
    assert fault(STATE, PRESET, now=0.0) is None
    assert fault(STATE, PRESET, now=0.0, before=STATE, sent=STATE.position) is None


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        (
            "position",
            np.zeros(3),
            r"position must be finite, of shape (2, 3); got shape (3,)",
        ),
        (
            "quaternion",
            np.ones((1, 4)),
            "quaternion must be finite, of shape (2, 4); got shape (1, 4)",
        ),
        (
            "linear_velocity",
            spoilt(STATE.linear_velocity, (1, 2), np.nan),
            "linear_velocity must be finite, of shape (2, 3); got [[0.0, 0.0, 0.0], [0.0, 0.0, "
            "nan]]",
        ),
        (
            "angular_velocity",
            spoilt(STATE.angular_velocity, (0, 0), -np.inf),
            "angular_velocity must be finite, of shape (2, 3); got [[-inf, 0.0, 0.0], [0.0, 0.0, "
            "0.0]]",
        ),
        ("gripper", None, "gripper must be finite, of shape (2,); got nothing"),
        ("gripper", "open", "gripper must be finite, of shape (2,); got 'open'"),
        (
            "quaternion",
            spoilt(STATE.quaternion, 1, [0.0, 1.1, 0.0, 0.0]),
            "quaternions must have length 1; got [1.0, 1.1]",
        ),
        ("objects", {}, "the pose of box must be finite, of shape (7,); got nothing"),
        (
            "objects",
            {"box": np.zeros(7), "lid": np.zeros(6)},
            "the pose of lid must be finite, of shape (7,); got shape (6,)",
        ),
    ],
)
def test_what_is_malformed_is_named(name, value, complaint):
    assert fault(replace(STATE, **{name: value}), PRESET, now=0.0) == complaint


@pytest.mark.parametrize(
    ("joints", "observed", "complaint"),
    [
        ((), True, "joints must be given for 2 arms; got 0"),
        ((np.zeros(7),), False, "joints must be given for 2 arms; got 1"),
        ((np.zeros(7), np.zeros(6)), False, "joints must be finite, of shape (7,); got shape (6,)"),
        (
            (np.zeros(7), np.full(7, np.inf)),
            False,
            "joints must be finite, of shape (7,); got [inf, inf, inf, inf, inf, inf, inf]",
        ),
        ((None, np.zeros(7)), True, "joints must be finite, of shape (7,); got nothing"),
    ],
)
def test_joints_are_looked_at_whether_they_are_observed_or_not(joints, observed, complaint):
    update = {"observation": ("position", "joints")} if observed else {}
    preset = PRESET.model_copy(update=update)
    assert fault(replace(STATE, joints=joints), preset, now=0.0) == complaint


def test_a_robot_without_joints_will_do_where_they_are_not_observed():
    assert fault(replace(STATE, joints=()), PRESET, now=0.0) is None


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("linear_velocity", r"linear velocity must be at most 6.06 m/s; got 50"),
        ("angular_velocity", r"angular velocity must be at most 26 rad/s; got 50"),
    ],
)
def test_a_speed_that_no_arm_has_is_a_fault(name, complaint):
    spoilt_by = {name: spoilt(getattr(STATE, name), (1, 2), -50.0)}
    told = fault(replace(STATE, **spoilt_by), PRESET, now=0.0)
    assert told is not None
    assert told.startswith(complaint.partition("at most")[0])
    assert told.endswith("got 50")


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_arm_that_is_turned_otherwise_than_it_was_sent_is_a_fault(axis, sign):
    vectors = np.zeros((2, 3))
    vectors[1, axis] = sign * np.pi / 2
    turned = rotation.multiply(STATE.quaternion, rotation.from_vector(vectors))
    assert fault(STATE, PRESET, now=0.0, turned=-STATE.quaternion) is None  # the same orientation
    assert fault(STATE, PRESET, now=0.0, turned=turned) == (
        "an arm must be turned within 0.6 rad of how it was sent; got 1.571 rad"
    )


def test_objects_that_the_observation_does_not_show_may_be_lost():
    blind = PRESET.model_copy(update={"observation": ("position",)})
    assert fault(replace(STATE, objects={}), blind, now=0.0) is None


def test_a_measurement_is_stale_after_the_preset_s_age():
    assert fault(STATE, PRESET, now=LIMITS.max_state_age) is None
    told = fault(STATE, PRESET, now=LIMITS.max_state_age + 0.001)
    assert told == "the state must be at most 0.25 s old; got 0.251 s"


def test_a_stamp_may_be_ahead_by_what_two_clocks_differ_and_no_more():
    assert fault(STATE, PRESET, now=-FUTURE) is None
    told = fault(STATE, PRESET, now=-FUTURE - 0.001)
    assert told == "the state must be at most 0.25 s old; got -0.021 s"


def test_time_does_not_go_back():
    later = replace(STATE, stamp=0.1)
    assert fault(STATE, PRESET, now=0.0, before=later) == (
        "time stamps must not go back; got 0.000 after 0.100"
    )


def test_one_arm_that_is_not_where_it_was_sent_is_enough():
    sent = STATE.position.copy()
    sent[1] += (0.06, 0.08, 0.0)  # 0.1 m away
    limit = LIMITS.max_tracking_error
    assert limit == 0.1
    assert (
        fault(STATE, PRESET, now=0.0, sent=STATE.position + 0.99 * (sent - STATE.position)) is None
    )
    sent[1, 2] += 0.01
    assert fault(STATE, PRESET, now=0.0, sent=sent) == (
        "an arm must be within 0.1 m of where it was sent; got 0.100 m"
    )
