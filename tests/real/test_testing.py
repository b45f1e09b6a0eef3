"""The conformance suite passes a good driver and names what is wrong with a bad one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from real import testing
from real.drivers.ideal import IdealRobot
from real.robot import RobotCommand
from real.tasks import rotation
from real.tasks.files import load_preset
from real.testing import MisbehavingRobotError, _takes_pictures, check_robot
from tests.helpers.robots.coasting import CoastingRobot


class Sluggish(IdealRobot):
    def command(self, command):
        super().command(RobotCommand(0.5 * command.position, command.quaternion, command.gripper))


class Slow(IdealRobot):
    def state(self):
        self.clock.sleep_until(self.clock.now() + 0.3)
        return super().state()


class Shared(IdealRobot):
    def state(self):
        if not hasattr(self, "_same"):
            self._same = super().state()
        return self._same


class Clinging(IdealRobot):
    def command(self, command):
        self._answer()
        self._before, self._sent = self._sent, command


class Unseeded(IdealRobot):
    def reset_scene(self, seed):
        super().reset_scene(None)


class Zombie(IdealRobot):
    def close(self):
        pass


class Absent(IdealRobot):
    def connect(self):
        raise ConnectionError("no route to host")


class Clumsy(IdealRobot):
    def command(self, command):
        closed = np.ones_like(command.gripper)
        super().command(RobotCommand(command.position, command.quaternion, closed))


class Swapped(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, quaternion=np.roll(state.quaternion, -1, axis=1))


class Stiff(IdealRobot):
    """Takes no notice of orientations."""

    def command(self, command):
        super().command(replace(command, quaternion=self._home.quaternion))


class Mirrored(IdealRobot):
    """Turns the other way round."""

    def command(self, command):
        home = self._home.quaternion
        turn = rotation.multiply(rotation.inverse(home), command.quaternion)
        turned = rotation.multiply(home, rotation.inverse(turn))
        super().command(replace(command, quaternion=turned))


class Millimetres(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, linear_velocity=1000.0 * state.linear_velocity)


class Degrees(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, angular_velocity=np.rad2deg(state.angular_velocity))


class Backwards(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, linear_velocity=-state.linear_velocity)


class Jointless(IdealRobot):
    def state(self):
        return replace(super().state(), joints=())


class Blurred(IdealRobot):
    def state(self):
        return replace(super().state(), joints=(np.full(7, np.nan),))


class Flying(CoastingRobot):
    """Keeps its last velocity in silence."""


class Refusing(IdealRobot):
    """Cannot be told to stop once it is down."""

    def stop(self):
        if not self._connected:
            raise RuntimeError("down")
        super().stop()


class Blocking(IdealRobot):
    def command(self, command):
        self.clock.sleep_until(self.clock.now() + 0.2)
        super().command(command)


class Deaf(IdealRobot):
    """Hears no stop on its way home."""

    def __init__(self, preset):
        super().__init__(preset, realtime=True)
        self._busy = threading.Lock()

    def home(self):
        with self._busy:
            time.sleep(0.6)
            super().home()

    def stop(self):
        with self._busy:
            super().stop()


def test_a_driver_whose_stop_waits_for_its_way_home_is_named():
    preset = load_preset("place-orange").model_copy(update={"control_rate": 30})
    robot = Deaf(preset)
    robot.connect()
    robot.home()
    with patch.object(testing, "_move"):
        (told,) = testing._stops_beside(robot, preset)
    assert "stop() must return within 0.25 s while home() is under way, took 0.5" in told


class Greedy(IdealRobot):
    """Takes its pictures under the lock that its state waits for."""

    def __init__(self, preset):
        super().__init__(preset, realtime=True)
        self._lock = threading.Lock()

    def images(self, names):
        with self._lock:
            time.sleep(0.35)
            return super().images(names)

    def state(self):
        with self._lock:
            return super().state()


def test_a_driver_whose_state_waits_for_its_pictures_is_named():
    preset = load_preset("place-orange")
    robot = Greedy(preset)
    robot.connect()
    (told,) = _takes_pictures(robot, preset)
    assert "state() must take at most 0.25 s while another thread takes pictures" in told


@pytest.mark.parametrize("task", ["place-orange", "open-box"])
def test_the_ideal_robot_behaves(task):
    check_robot("ideal", task)


@pytest.mark.parametrize(
    ("robot", "finding"),
    [
        (Sluggish, r"goes_where_it_is_sent: an arm sent \+0.03 m along x must get within 0.01 m"),
        (Slow, r"answers_quickly: state\(\) must return within 0.25 s, took 0.30 s"),
        (Shared, "measures_anew: time stamps must advance"),
        (Clinging, r"keeps_its_own_copies: command\(\) must copy what it is given"),
        (Unseeded, "repeats_its_scenes: the same seed must put orange in the same place"),
        (Zombie, r"closes: state\(\) must raise RobotError after close\(\)"),
        (Absent, "connects: raised ConnectionError: no route to host"),
        (Swapped, r"connects: arms at home must be turned as the preset says, .* 3\.14 rad off"),
        (Stiff, r"turns_as_it_is_told: an arm turned \+0.15 rad about x .* it is 0.150 rad off"),
        (Mirrored, r"turns_as_it_is_told: an arm turned \+0.15 rad about x .* 0.300 rad off"),
        (Millimetres, r"linear_velocity must be that of the way, which was .*0.03.*29.9"),
        (Degrees, "angular_velocity must be that of the way, which was .*0.15"),
        (Backwards, r"linear_velocity must be that of the way, .*0.03.*-0.03"),
        (Jointless, "connects: joints must be given for 1 arms, got none"),
        (Blurred, r"connects: joints must be finite, of shape \(7,\); got \[nan"),
        (Flying, "falls_silent: arms whose commands end in motion must stay where the last one"),
        (Refusing, "closes: stop.. must raise RobotError or nothing .* raised RuntimeError: down"),
        (Blocking, "command.. must return within a period of 1 / 60 s, took 0.20 s"),
        (Clumsy, r"grips: grippers sent to 0 must get there, got \[1.0\]"),
    ],
)
def test_what_a_bad_driver_does_wrong_is_named(robot, finding):
    with pytest.raises(MisbehavingRobotError, match=f"{robot.__name__} must behave. .*{finding}"):
        check_robot(robot, "place-orange")


def test_the_command_says_so_in_one_line():
    command = [sys.executable, "-W", "error", "-m", "real.testing", "--driver", "ideal"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ideal: all 14 checks passed\n")
    command[-1] = "tests.real.test_testing:Zombie"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Zombie must behave. Got: closes: ")
