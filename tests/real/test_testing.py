"""The conformance suite passes a good driver and names what is wrong with a bad one."""

from __future__ import annotations

import copy
import re
import threading
import time
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real import checks
from real.drivers.ideal import IdealRobot
from real.robot import RobotCommand
from real.tasks import rotation
from real.tasks.files import load_preset
from real.testing import MisbehavingRobotError, _takes_pictures, check_robot
from tests.helpers.robots.coasting import CoastingRobot
from tests.helpers.warm import run_warm


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


class ToolFrame(IdealRobot):
    """Tells its linear velocity in the hand's frame."""

    def state(self):
        state = super().state()
        return replace(state, linear_velocity=in_hand(state, state.linear_velocity))


class Body(IdealRobot):
    """Tells its angular velocity in the hand's frame, as many a gyroscope does."""

    def state(self):
        state = super().state()
        return replace(state, angular_velocity=in_hand(state, state.angular_velocity))


def in_hand(state, vectors):
    turned = Rotation.from_quat(np.roll(state.quaternion, -1, axis=1))
    return turned.inv().apply(vectors)


class Restful(IdealRobot):
    """Says that it does not move, whatever it does."""

    def state(self):
        return replace(super().state(), linear_velocity=np.zeros((self.n_arms, 3)))


class JointDegrees(IdealRobot):
    def state(self):
        state = super().state()
        x = state.position[:, 0] - 0.42
        joints = (np.repeat(x, 7),)
        speeds = (np.repeat(np.rad2deg(state.linear_velocity[:, 0]), 7),)
        return replace(state, joints=joints, joint_velocities=speeds)


class Permuted(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, position=state.position[:, [1, 0, 2]])


class Turned(IdealRobot):
    """Measures in a base frame that is turned by a quarter about the vertical."""

    def state(self):
        state = super().state()
        x, y, z = state.position.T
        return replace(state, position=np.stack([-y, x, z], axis=1))


class Lagging(IdealRobot):
    """Tells as new what was measured half a second ago."""

    lag, honest = 0.5, False

    def __init__(self, preset):
        super().__init__(preset)
        self._seen = []

    def state(self):
        self._seen.append(super().state())
        now = self.clock.now()
        old = [s for s in self._seen if s.stamp <= now - self.lag] or self._seen[:1]
        return replace(copy.deepcopy(old[-1]), **({} if self.honest else {"stamp": now}))


class Stale(Lagging):
    """Tells what was measured half a second ago, and when."""

    honest = True


class Queueing(IdealRobot):
    """Executes commands one after the other, at two thirds of the rate that they come at."""

    def __init__(self, preset):
        super().__init__(preset)
        self._queue, self._heard = [], 0

    def command(self, command):
        self._queue.append(copy.deepcopy(command))
        self._heard += 1
        if self._heard % 3:
            super().command(self._queue.pop(0))


class Saturated(IdealRobot):
    """Goes no further than 15 mm from home, and says nothing."""

    def command(self, command):
        home = self._home.position
        near = np.clip(command.position, home - 0.015, home + 0.015)
        super().command(replace(command, position=near))


class Inverted(IdealRobot):
    """Takes 1 for closed."""

    def state(self):
        state = super().state()
        return replace(state, gripper=1.0 - state.gripper)


class Counting(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, gripper=255.0 * state.gripper)


class Snapping(IdealRobot):
    """Has a gripper that is open or closed, for a task whose grippers follow."""

    def command(self, command):
        super().command(replace(command, gripper=np.round(command.gripper + 0.01)))


class Standing(IdealRobot):
    """Has a clock that stands still between two measurements of the same second."""

    def state(self):
        return replace(super().state(), stamp=0.0)


class Milliseconds(IdealRobot):
    def state(self):
        state = super().state()
        return replace(state, stamp=1000.0 * (1.0 + state.stamp))


class Reusing(IdealRobot):
    """Measures into the same array again and again."""

    def __init__(self, preset):
        super().__init__(preset)
        self._position = np.zeros((self.n_arms, 3))

    def state(self):
        state = super().state()
        self._position[:] = state.position
        return replace(state, position=self._position)


class Kept(IdealRobot):
    """Gives away an array that it goes on with."""

    def __init__(self, preset):
        super().__init__(preset)
        self._quaternion = self._home.quaternion.copy()

    def state(self):
        return replace(super().state(), quaternion=self._quaternion)


class Negative(IdealRobot):
    """Tells the other of two quaternions that are the same orientation: which is right."""

    def state(self):
        state = super().state()
        return replace(state, quaternion=-state.quaternion)


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
    with patch.object(checks, "move"):
        (told,) = checks.stops_beside(robot, preset)
    assert re.match(r"stop\(\) must return within 0.25 s while home\(\) is under way, took 0", told)


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


def test_a_quaternion_may_have_either_sign():
    check_robot(Negative, "place-orange")


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
        (Stiff, r"goes_where_it_is_sent: an arm turned \+0.15 rad about x .* it is 0.150 rad off"),
        (Mirrored, r"goes_where_it_is_sent: an arm turned \+0.15 rad about x .* 0.300 rad off"),
        (Millimetres, r"linear_velocity must be that of the way, which was .*0.03.*29.9"),
        (Degrees, "angular_velocity must be that of the way, which was .*0.15"),
        (Backwards, r"linear_velocity must be that of the way, .*0.03.*-0.03"),
        (Jointless, "connects: joints must be given for 1 arms, got none"),
        (Blurred, r"connects: joints must be finite, of shape \(7,\); got \[nan"),
        (Flying, "falls_silent: arms whose commands end in motion must stay where the last one"),
        (Refusing, "closes: stop.. must raise RobotError or nothing .* raised RuntimeError: down"),
        (Blocking, "command.. must return within a period of 1 / 60 s, took 0.20 s"),
        (Clumsy, r"grips: grippers sent to 0 must get there, got \[1.0\]"),
        (ToolFrame, r"linear_velocity must be that of the way, .*0\.03, -0\.03\d*, -0\.02"),
        (Body, r"angular_velocity must be that of the way, .*0\.15, -0\.15, -0\.15"),
        (
            Restful,
            r"linear_velocity must be that of the way, .* sums up to \[\[0\.0, 0\.0, 0\.0\]\]",
        ),
        (JointDegrees, r"joint_velocities must be that of the way, which was .*0\.03.* to .*1\.7"),
        (Permuted, r"goes_where_it_is_sent: an arm sent \+0.03 m along x .* it is 0.4"),
        (Turned, r"goes_where_it_is_sent: an arm sent \+0.03 m along x .* it is 0.4"),
        (Lagging, "measured at most 0.4 s behind where they were sent, they are 0.5"),
        (Stale, "the state must be at most 0.25 s old"),
        (Queueing, "arms must be measured at most 0.4 s behind"),
        (Saturated, r"an arm sent \+0.03 m along x must get within 0.01 m, it is 0.015 m off"),
        (Inverted, r"grips: grippers sent to 0 must get there, got \[1.0\]"),
        (Counting, r"gripper must lie in \[0, 1\], got \[255.0\]"),
        (Snapping, r"grips: grippers sent to 0.5 must get there, got \[1.0\]"),
        (Standing, "time stamps must advance, got 0.000 after 0.000"),
        (Milliseconds, "connects: the state must be at most 0.25 s old"),
        (Reusing, "must return its own arrays, changing its position changed the robot's"),
        (Kept, "must return its own arrays, changing its quaternion changed the robot's"),
    ],
)
def test_what_a_bad_driver_does_wrong_is_named(robot, finding):
    with pytest.raises(MisbehavingRobotError, match=f"{robot.__name__} must behave. .*{finding}"):
        check_robot(robot, "place-orange")


def test_the_command_says_so_in_one_line():
    command = ["-m", "real.testing", "--driver"]
    done = run_warm(*command, "ideal", warn="error")
    assert (done.returncode, done.stdout) == (0, "ideal: all 13 checks passed\n")
    done = run_warm(*command, "tests.real.test_testing:Zombie")
    assert done.returncode == 2
    assert done.stderr.startswith("error: Zombie must behave. Got: closes: ")
