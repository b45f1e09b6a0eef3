"""The conformance suite passes a good driver and names what is wrong with a bad one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.robot import RobotCommand
from real.tasks.files import load_preset
from real.testing import MisbehavingRobotError, _takes_pictures, check_robot


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
        (Clumsy, r"grips: grippers sent to 0 must get there, got \[1.0\]"),
    ],
)
def test_what_a_bad_driver_does_wrong_is_named(robot, finding):
    with pytest.raises(MisbehavingRobotError, match=f"{robot.__name__} must behave. .*{finding}"):
        check_robot(robot, "place-orange")


def test_the_command_says_so_in_one_line():
    command = [sys.executable, "-W", "error", "-m", "real.testing", "--driver", "ideal"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ideal: all 10 checks passed\n")
    command[-1] = "tests.real.test_testing:Zombie"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Zombie must behave. Got: closes: ")
