"""Several requests may speak to a robot at once, and it stops when nobody does."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np
import pytest

from real.clock import WallClock
from real.motion.safety import SafetyFilter
from real.network.served_robot import MARGIN, CommandRefusedError, ServedRobot
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations
from tests.helpers.robots.coasting import CoastingRobot
from tests.helpers.robots.serving import until
from zprl_env.errors import ConfigurationError

PRESET = load_preset("open-box")
DOWN = np.array([0.0, 1.0, 0.0, 0.0])
HOME = np.array([arm.home.position for arm in PRESET.arms])
PATIENCE = 60.0
"""How long a loaded machine may take [s]."""


class HeldRobot(CoastingRobot):
    """Does not return from a method until it is let.

    Attributes:
        holding: Which method, None if none.
        entered: Set when somebody is in there.
        let: To be set for them to come out.
        stopped: Set when it was told to stop.
    """

    def __init__(self, preset):
        super().__init__(preset)
        self.clock = WallClock()
        self.place(Coordinates(preset).home)
        self.holding: str | None = None
        self.entered, self.let, self.stopped = (threading.Event() for _ in range(3))

    def state(self):
        self._held("state")
        return super().state()

    def home(self):
        self._held("home")
        super().home()

    def stop(self):
        super().stop()
        self.stopped.set()

    def _held(self, name):
        if self.holding == name:
            self.entered.set()
            assert self.let.wait(PATIENCE)


@pytest.fixture
def robot():
    return HeldRobot(PRESET)


@pytest.fixture
def served(robot):
    served = ServedRobot(robot, PRESET, dead_man=1e6)
    yield served
    served.close()


def sent(robot):
    """What was commanded, after where the arms were at rest."""
    home = Coordinates(PRESET).command(Coordinates(PRESET).home)
    return [home, *(command for _, command in robot.commands)]


def arrive(robot, position, gripper=(1.0, 1.0)):
    """Whether the arms are sent somewhere in the end."""

    def there():
        command = robot.commands[-1][1]
        return np.allclose(command.position, position) and np.allclose(command.gripper, gripper)

    return until(there)


@contextmanager
def another_is_in(robot, method, call):
    """Somebody else's request is on its way within the robot's method."""
    robot.holding = method
    other = threading.Thread(target=call)
    other.start()
    try:
        assert robot.entered.wait(PATIENCE)
        yield
    finally:
        robot.let.set()
        other.join(PATIENCE)
    assert not other.is_alive()


def test_one_arm_is_sent_and_the_other_stays_as_it_is(served, robot):
    served.move(0, HOME[0] + 0.02, DOWN)
    assert arrive(robot, [HOME[0] + 0.02, HOME[1]])
    assert violations(sent(robot), PRESET) == []
    served.move(1, HOME[1] - 0.02, DOWN)
    served.grip(0, 0.25)
    assert arrive(robot, [HOME[0] + 0.02, HOME[1] - 0.02], [0.25, 1.0])


def test_after_a_stop_the_arms_are_sent_from_where_they_are(served, robot):
    served.move(0, HOME[0] + 0.1, DOWN)
    assert until(lambda: np.abs(robot.state().position - HOME).max() > 0.03)
    served.stop()
    there = robot.state().position
    robot.commands.clear()
    with pytest.raises(CommandRefusedError, match=r"are stopped: .*\. POST /zprl/release first"):
        served.grip(1, 0.0)
    served.release()
    served.grip(1, 0.0)
    np.testing.assert_allclose(robot.commands[0][1].position, there, atol=1e-3)


@pytest.mark.parametrize("axis", range(3))
def test_a_pose_is_refused_beyond_the_box_and_its_margin(axis, served, robot):
    high = PRESET.arms[0].safety.high[axis]
    position = HOME[0].copy()
    position[axis] = high + 0.99 * MARGIN
    served.move(0, position, DOWN)
    sent = len(robot.commands)
    served.stop()
    served.release()
    position[axis] = high + 1.01 * MARGIN
    with pytest.raises(CommandRefusedError, match=r"must lie in the box of open-box, \(0\.22, "):
        served.move(0, position, DOWN)
    assert len(robot.commands) <= sent + 1


def test_a_pose_that_is_not_a_number_is_refused(served, robot):
    with pytest.raises(CommandRefusedError, match=r"Got: \[nan, "):
        served.move(0, np.array([np.nan, 0.2, 0.3]), DOWN)
    assert robot.commands == []


def test_arms_that_are_switched_off_are_stopped_and_take_no_commands(served, robot):
    served.enable(False)
    assert len(robot.stops) == 1
    with pytest.raises(CommandRefusedError, match=r"switched off\. POST /startimp first"):
        served.grip(0, 0.5)
    served.enable(True)
    served.grip(0, 0.5)
    assert len(robot.commands) == 1


def test_on_the_way_home_questions_are_answered_and_commands_are_not(served, robot):
    with another_is_in(robot, "home", served.home):
        assert served.state().position.shape == (2, 3)
        with pytest.raises(CommandRefusedError, match=r"The arms go home\. Try again when"):
            served.grip(0, 0.5)
        with pytest.raises(CommandRefusedError, match="The arms go home already"):
            served.home()
    robot.holding = None
    served.grip(0, 0.5)
    assert robot.calls.count("home") == 1


def test_a_stop_waits_for_nobody(served, robot):
    with another_is_in(robot, "state", served.state):
        served.stop()
        assert len(robot.stops) == 1


def test_a_robot_that_failed_is_connected_again_by_clearing_errors_and_no_other(served, robot):
    served.clear()
    assert "connect" not in robot.calls
    robot.broken["command"] = RobotError("reflex mode")
    with pytest.raises(RobotError, match="reflex mode"):
        served.grip(0, 0.5)
    robot.broken.clear()
    robot.calls.clear()
    served.clear()
    served.clear()
    assert robot.calls == ["connect", "stop"]


def test_an_age_is_never_negative(served, robot):
    state = served.state()
    assert 0.0 <= served.age(state) < PATIENCE
    robot.clock.sleep_until(state.stamp + 0.05)
    assert 0.05 <= served.age(state) < PATIENCE


def test_after_a_silence_the_arms_are_stopped_once(robot):
    served = ServedRobot(robot, PRESET, dead_man=0.02)
    assert not robot.stopped.is_set()  # nobody has commanded anything yet
    served.move(0, HOME[0] + 0.1, DOWN)
    assert robot.stopped.wait(PATIENCE)
    assert robot.moved_within(0.2) == 0.0
    assert violations(sent(robot), PRESET) == []  # braked
    robot.stopped.clear()
    served.move(0, HOME[0], DOWN)
    assert robot.stopped.wait(PATIENCE)
    served.close()
    assert served.stops == 2
    assert len(robot.stops) == 3  # and that of closing


def test_closing_stops_the_arms_even_if_they_cannot_be_told(robot):
    served = ServedRobot(robot, PRESET)
    robot.broken["stop"] = RobotError("no answer")
    served.close()
    assert robot.calls == ["stop", "close"]


@pytest.mark.parametrize("dead_man", [0.0, -1.0, float("nan")])
def test_a_dead_man_s_silence_is_longer_than_none(dead_man, robot):
    with pytest.raises(ConfigurationError, match=f"dead_man must be above 0 s. Got: {dead_man}"):
        ServedRobot(robot, PRESET, dead_man=dead_man)


@pytest.mark.parametrize("error", [RobotError("down"), RuntimeError("down"), ValueError("down")])
def test_a_stop_holds_whatever_the_driver_does_when_told(error, served, robot):
    robot.broken["stop"] = error
    with pytest.raises(RobotError, match="could not be told to stop: down"):
        served.stop()
    robot.broken.clear()
    sent = len(robot.commands)
    with pytest.raises(CommandRefusedError, match=r"could not be told to stop: down\. POST /zprl"):
        served.move(0, HOME[0] + 0.02, DOWN)
    assert len(robot.commands) == sent


@pytest.mark.parametrize("method", ["stop", "command"])
def test_nothing_that_a_driver_raises_ends_the_thread_that_brakes(method, robot):
    served = ServedRobot(robot, PRESET, dead_man=0.05)
    served.move(0, HOME[0] + 0.1, DOWN)
    robot.broken[method] = RuntimeError("boom")
    assert until(lambda: served.emergency.latched)
    robot.broken.clear()
    served.release()
    robot.stopped.clear()
    served.move(0, HOME[0] + 0.02, DOWN)
    assert robot.stopped.wait(PATIENCE)
    served.close()


def test_two_clients_do_not_move_the_same_arms(served):
    served.move(0, HOME[0] + 0.01, DOWN, "trainer")
    for command in (
        lambda: served.move(0, HOME[0], DOWN, "player"),
        lambda: served.grip(1, 0.0, "player"),
        lambda: served.home("player"),
        lambda: served.release("player"),
    ):
        with pytest.raises(CommandRefusedError, match="The arms are of trainer"):
            command()
    served.lease.leave("trainer")
    served.move(0, HOME[0], DOWN, "player")


@pytest.mark.parametrize("quaternion", [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
def test_an_orientation_that_the_task_does_not_allow_is_refused(quaternion, served, robot):
    with pytest.raises(CommandRefusedError, match=r"orientation must be within \(.*\) rad of home"):
        served.move(0, HOME[0], np.array(quaternion))
    assert robot.commands == []


def test_a_far_jump_is_a_way_within_the_limits(served, robot):
    low, high = (np.array(end) for end in (PRESET.arms[0].safety.low, PRESET.arms[0].safety.high))
    served.move(0, low + 0.05, DOWN)
    served.move(0, high - 0.02, DOWN)
    assert until(lambda: np.allclose(robot.commands[-1][1].position[0], high - 0.02))
    assert violations(sent(robot), PRESET) == []


def test_a_client_that_keeps_the_beat_is_followed_even_if_the_thread_beside_is_late(
    served, robot, monkeypatch
):
    monkeypatch.setattr(served, "_step", lambda: None)  # so late that it never comes
    asked, filtered = [], SafetyFilter(PRESET.tightened())
    for _ in range(25):
        asked.append(filtered.advance(filtered.coordinates + 0.1).coordinates[0, :3])
        served.move(0, asked[-1], DOWN)
        time.sleep(1.0 / PRESET.control_rate)
    obeyed = [command.position[0] for _, command in robot.commands]
    np.testing.assert_allclose(obeyed[0], HOME[0], atol=1e-6)
    np.testing.assert_allclose(obeyed[1:], asked[: len(obeyed) - 1], atol=1e-6)
    assert len(obeyed) >= len(asked)  # one command behind, unless a late beat made up for it


@pytest.mark.parametrize("when", ["before the first command", "in a silence"])
def test_arms_that_were_moved_by_hand_are_sent_from_where_they_are(when, robot):
    served = ServedRobot(robot, PRESET, dead_man=0.05)
    if when == "in a silence":
        served.move(0, HOME[0] + 0.01, DOWN)
        assert until(lambda: served.stops == 1)
    pushed = Coordinates(PRESET).of(robot.state())
    pushed[0, :3] += (0.0, 0.05, 0.05)
    robot.place(pushed)
    robot.commands.clear()
    served.move(0, HOME[0], DOWN)
    np.testing.assert_allclose(robot.commands[0][1].position[0], pushed[0, :3], atol=1e-3)
    served.close()


@pytest.mark.parametrize("begin", ["moving", "frozen"])
def test_nothing_is_sent_to_arms_that_do_not_rest_or_are_not_seen_to_move(begin, served, robot):
    served.move(0, HOME[0] + 0.1, DOWN)
    assert until(lambda: np.abs(robot.state().position - HOME).max() > 0.02)
    if begin == "frozen":
        kept = served.state()
        robot.spoil = lambda state: replace(kept, stamp=state.stamp)
        time.sleep(0.1)
        served.stop()
    else:
        robot.broken |= dict.fromkeys(("stop", "command"), RobotError("no answer"))
        with pytest.raises(RobotError, match="no answer"):
            served.stop()
        robot.broken.clear()
    served.release()
    sent = len(robot.commands)
    with pytest.raises(
        CommandRefusedError, match=r"are stopped: .*\. POST /zprl/release"
    ) as refused:
        served.move(0, HOME[0], DOWN)
    said = {
        "frozen": "the same to the last digit",
        "moving": "must be at rest when a motion begins",
    }
    assert said[begin] in str(refused.value)
    assert len(robot.commands) == sent
    robot.spoil = None
    served.release()
    served.move(0, HOME[0], DOWN)  # held still, and seen
    assert arrive(robot, HOME)


def test_arms_whose_driver_cannot_be_told_to_stop_are_braked_by_commands(served, robot):
    served.move(0, HOME[0] + 0.1, DOWN)
    assert until(lambda: np.abs(robot.state().position - HOME).max() > 0.02)
    robot.broken["stop"] = RuntimeError("down")
    with pytest.raises(RobotError, match="could not be told to stop: down"):
        served.stop()
    assert np.linalg.norm(robot.state().linear_velocity) < 1e-3  # it flew at 0.3 m/s
    assert violations(sent(robot), PRESET) == []
    robot.broken.clear()


class SlowRobot(HeldRobot):
    """Takes its time with a command as well."""

    def command(self, command):
        self._held("command")
        super().command(command)


@pytest.mark.parametrize("word", ["hold", "stop"])
def test_a_command_that_was_on_its_way_when_the_arms_were_held_moves_them_no_more(word):
    robot = SlowRobot(PRESET)
    with closing(ServedRobot(robot, PRESET, dead_man=PATIENCE)) as served:
        served.move(0, HOME[0] + [0.0, 0.0, 0.1], DOWN)
        until(lambda: np.abs(robot.state().linear_velocity).max() > 0.05)
        robot.holding = "command"
        assert robot.entered.wait(PATIENCE)
        getattr(served, word)()  # which cannot wait for the command
        kept = not served._servos[0].filter.at_rest
        robot.holding = None
        robot.let.set()
        assert kept  # no filter is changed under whoever goes on with it
        with served._lock:  # whoever had it is done
            assert robot.moved_within(0.1) == 0.0
        assert robot.stops[-1] >= robot.commands[-1][0]
