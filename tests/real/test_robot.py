"""What a driver can do besides moving is seen from its methods."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from policies.errors import ZprlError
from real.drivers.ideal import IdealRobot
from real.drivers.remote import RemoteRobot
from real.drivers.serl import SerlRobot
from real.drivers.sim import SimRobot
from real.robot import Cameras, Robot, RobotCommand, RobotError, RobotState, Scene
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

PRESET = load_preset("place-orange")


@pytest.mark.parametrize(
    ("driver", "simulated"),
    [(IdealRobot, True), (RemoteRobot, True), (SerlRobot, False), (CoastingRobot, False)],
)
def test_a_simulated_world_has_a_scene_and_cameras_and_hardware_has_not(driver, simulated):
    robot = driver(PRESET)
    assert isinstance(robot, Scene) is simulated
    assert isinstance(robot, Cameras) is simulated


@pytest.mark.parametrize("driver", [IdealRobot, SimRobot, SerlRobot, RemoteRobot, CoastingRobot])
def test_every_driver_has_all_that_the_contract_names(driver):
    wanted = {name for name in vars(Robot) if not name.startswith("_")}
    assert wanted == {"connect", "state", "command", "stop", "home", "close"}
    assert [name for name in wanted if not callable(getattr(driver, name, None))] == []


def test_a_robot_s_failure_is_one_of_the_toolkit_s_errors():
    assert issubclass(RobotError, ZprlError)


def test_measurements_and_commands_are_not_rewritten():
    nothing = np.zeros((1, 3))
    state = RobotState(0.0, nothing, np.ones((1, 4)), nothing, nothing, np.ones(1))
    assert (state.joints, dict(state.objects)) == ((), {})
    command = RobotCommand(nothing, np.ones((1, 4)), np.ones(1))
    for value in (state, command):
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.position = nothing + 1.0  # type: ignore[misc]
