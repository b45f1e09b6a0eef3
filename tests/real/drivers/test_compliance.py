"""Compliance and load as hil-serl's clients tell them: its own parameters are taken as they are."""

from __future__ import annotations

import pytest

from real.drivers.compliance import Compliance, Load
from zprl_env.errors import ConfigurationError

ARM = Compliance(2000.0, 180.0, 150.0, 10.0)
CLIPS = {
    f"{kind}_clip_{sign}{axis}": size
    for kind, size in (("translational", 0.008), ("rotational", 0.02))
    for axis in "xyz"
    for sign in ("", "neg_")
}
SERL = {
    "translational_stiffness": 2000,
    "translational_damping": 89,
    "rotational_stiffness": 150,
    "rotational_damping": 7,
    "translational_Ki": 0,
    "rotational_Ki": 0,
    **CLIPS,
}
LOAD = {"mass": 0.0, "F_x_center_load": [0.0, 0.0, 0.0], "load_inertia": [0] * 9}


def test_all_parameters_of_hil_serl_are_known():
    arm = ARM.updated(SERL)
    assert arm == Compliance(2000.0, 89.0, 150.0, 7.0, (0.008,) * 3, (0.02,) * 3)


def test_what_is_not_said_stays():
    assert ARM.updated({}) == ARM
    assert ARM.updated({"rotational_damping": 7}).translational_damping == 180.0


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_directions_the_nearer_clip_holds_wider_or_narrower_than_before(order):
    told = {"rotational_clip_x": 0.5, "rotational_clip_neg_x": 0.4}
    assert ARM.updated(dict([*told.items()][::order])).rotational_clip == (0.4, 0.25, 0.25)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"translational_stiffness": 5000}, "at most 3000"),
        ({"rotational_stiffness": 301.0}, "at most 300"),
        ({"stiffness": 1}, "must be one of translational_stiffness.* Got: 'stiffness'"),
        ({"translational_clip_w": 1}, "Got: 'translational_clip_w'"),
        ({"translational_Ki": 5}, "translational_Ki must be 0"),
        ({"translational_stiffness": -1}, "translational_stiffness must be at least 0"),
        ({"translational_stiffness": float("nan")}, "must be a number. Got: nan"),
        ({"translational_stiffness": "2000"}, "must be a number. Got: 2000"),
        ({"translational_stiffness": True}, "must be a number. Got: True"),
        ({"translational_clip_x": [1, 2]}, "must be a number"),
    ],
)
def test_what_it_cannot_be_is_refused(told, error):
    with pytest.raises(ConfigurationError, match=error):
        ARM.updated(told)


def test_hil_serl_s_own_load_is_none():
    load = Load.of(LOAD)
    assert (load.mass, load.center.tolist(), load.inertia.tolist()) == (0.0, [0.0] * 3, [0.0] * 9)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"weight": 1}, "must say mass, F_x_center_load, load_inertia. Got: mass, F_x"),
        ({"mass": -0.1}, "mass must lie in 0 to 20 kg. Got: -0.1"),
        ({"mass": 21}, "mass must lie in 0 to 20 kg. Got: 21"),
        ({"F_x_center_load": [0, 0]}, "F_x_center_load must be 3 numbers"),
        ({"F_x_center_load": [0, 0, 2]}, "within 1 m of the flange"),
        ({"load_inertia": [0, 1, 0, 0, 0, 0, 0, 0, 0]}, "must be symmetric"),
        ({"load_inertia": [-1, 0, 0, 0, 0, 0, 0, 0, 0]}, "and of a body"),
    ],
)
def test_what_is_no_load_is_refused(changed, error):
    with pytest.raises(ConfigurationError, match=error):
        Load.of(LOAD | changed)
