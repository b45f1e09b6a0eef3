"""The xArm robot driver: arms of UFACTORY by their own SDK, with their gripper or Robotiq's.

No hardware has been tried by us: begin with small limits, at a tenth of the speed, a hand on the
stop. The SDK itself was tried against a stand-in that speaks the controller's protocol on loopback.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np

from real.clock import WallClock
from real.drivers.hand import Hand
from real.drivers.hosts import check_postures, hosts_of
from real.drivers.xarm_line import NEAR, XArmLine, quietly, reach, told
from real.robot import JointCommand, RobotCommand, RobotError, RobotState
from real.tasks.arm import Grip
from real.tasks.preset import Preset
from zprl_env.errors import MissingExtraError

WIDEST, SPEED = 850, 5000
"""Counts of UFACTORY's gripper when it is open, and its largest speed."""
FORCES, ACTIVATED = (20.0, 235.0), 3
"""Smallest and largest force of Robotiq's gripper [N], and its status when it may be used."""


class XArmRobot:
    """Arms of UFACTORY by xarm-python-sdk, whose controller servos to the newest pose or joints.

    In this mode the controller goes to what it is sent at once and plans nothing; when nothing
    comes any more it stays there. The arms are measured by its reports at 100 Hz, whose differences
    are the velocities. Whoever stops or pauses an arm elsewhere, at its button or in UFACTORY
    Studio, stops it for us too, until it is connected again.

    Args:
        preset: The task, whose arms need ``home.joints``.
        host: Address of the controller, of several separated by commas.
        home_speed: Of the joints on the way home [rad/s].
        home_timeout: How long going home may take [s].

    Raises:
        MissingExtraError: xarm-python-sdk is not installed.
        ConfigurationError: There are not as many addresses as arms, or a preset has no posture.
    """

    accepts = ("pose", "joints")

    def __init__(
        self,
        preset: Preset,
        *,
        host: str = "192.168.1.185",
        home_speed: float = 0.3,
        home_timeout: float = 60.0,
    ) -> None:
        try:
            with quietly():  # it greets
                from xarm.wrapper import XArmAPI
        except ModuleNotFoundError:
            raise MissingExtraError("xarm", "xarm") from None
        logging.getLogger("origin.print").setLevel(logging.WARNING)  # a line for every stop
        self._api: Any = XArmAPI
        self.clock = WallClock()
        self.n_arms = len(preset.arms)
        self.address = hosts_of(preset, host)
        check_postures(preset)
        self._presets, self._period = preset.arms, 1.0 / preset.control_rate
        self._home_speed, self._home_timeout = home_speed, home_timeout
        self._arms: list[XArmLine] = []
        self._hands: list[Hand] = []
        self._stops = 0

    def connect(self) -> None:
        """Reach every controller and clear its errors; a second call reconnects."""
        self.close()
        for host, preset in zip(self.address, self._presets, strict=True):
            with told(host), quietly():
                arm = XArmLine(reach(self._api, host, report_type="real"), host, preset)
                self._arms.append(arm)
                arm.clear()
                if (fingers := preset.gripper) == "xarm" or fingers.startswith("robotiq"):
                    line = reach(self._api, host, enable_report=False)  # motion waits for no hand
                    make = _own_hand if fingers == "xarm" else _robotiq
                    self._hands.append(make(line, preset.gripping))

    def state(self) -> RobotState:
        """Return the newest report of every arm."""
        seen = [arm.measured() for arm in self._connected()]
        return RobotState(
            stamp=min(one.stamp for one, _ in seen),
            position=np.stack([one.position for one, _ in seen]),
            quaternion=np.stack([one.quaternion for one, _ in seen]),
            linear_velocity=np.stack([speed.linear for _, speed in seen]),
            angular_velocity=np.stack([speed.angular for _, speed in seen]),
            gripper=np.array([hand.measured() for hand in self._hands] or [1.0] * self.n_arms),
            joints=tuple(one.joints.copy() for one, _ in seen),
            joint_velocities=tuple(speed.joints for _, speed in seen),
        )

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Make poses, or joint positions, what every controller servos to; pass the openings on."""
        for number, arm in enumerate(self._connected()):
            if isinstance(command, JointCommand):
                arm.follow(joints=command.joints[number])
            else:
                arm.follow((command.position[number], command.quaternion[number]))
        for hand, opening in zip(self._hands, command.gripper, strict=False):
            hand.grip(float(opening))

    def stop(self) -> None:
        """Hold every arm by the controller's own stop, whichever of them answers."""
        self._stops += 1
        failures = []
        for arm in self._connected():
            try:
                arm.hold()
            except RobotError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def home(self) -> None:
        """Take the joints to the preset's posture, one arm beside the other."""
        self.stop()
        stops, until = self._stops, time.monotonic() + self._home_timeout
        for arm in self._connected():
            arm.go(self._home_speed)
        for arm in self._connected():
            while np.abs(arm.measured()[0].joints - arm.posture).max() > NEAR:
                if time.monotonic() > until:
                    self.stop()
                    raise RobotError(
                        f"{arm.host} must be home within {self._home_timeout:g} s. Got: it is not."
                    )
                if self._stops != stops:
                    raise RobotError("The arms were stopped on their way home.")
                time.sleep(self._period)
        for arm in self._connected():
            arm.hold()

    def close(self) -> None:
        """Stop and disconnect every arm; the grippers hold what they hold."""
        for hand in self._hands:
            hand.close()
        for arm in self._arms:
            arm.close()
        self._arms, self._hands = [], []

    def _connected(self) -> list[XArmLine]:
        if not self._arms:
            raise RobotError("The robot must be connected. Got: close(). Try connect().")
        return self._arms


def _own_hand(line: Any, grip: Grip) -> Hand:
    """Make UFACTORY's gripper, whose force nobody tells it."""

    def measure() -> float:
        return float(_fine(line.get_gripper_position())) / WIDEST

    def act(goal: float) -> None:
        _fine((line.set_gripper_position(round(WIDEST * goal), wait_motion=False), None))

    for code in (line.set_gripper_enable(True), line.set_gripper_mode(0)):
        _fine((code, None))
    _fine((line.set_gripper_speed(SPEED), None))
    return Hand(measure, act, binary=grip.kind == "binary", end=line.disconnect)


def _robotiq(line: Any, grip: Grip) -> Hand:
    """Make a Robotiq gripper at the arm's end, which opens and closes once if it was just on."""
    least, most = FORCES
    share = 1.0 if grip.force is None else np.clip((grip.force - least) / (most - least), 0.0, 1.0)

    def measure() -> float:
        _fine(line.robotiq_get_status())
        return 1.0 - float(line.robotiq_status["gPO"]) / 255.0

    def act(goal: float) -> None:
        counts, force = round(255 * (1.0 - goal)), round(255 * share)
        _fine(line.robotiq_set_position(counts, force=force, wait=False, wait_motion=False))

    measure()
    if line.robotiq_status["gSTA"] != ACTIVATED:
        _fine(line.robotiq_reset())
        _fine(line.robotiq_set_activate())
    return Hand(measure, act, binary=grip.kind == "binary", end=line.disconnect)


def _fine(answer: tuple[int, Any]) -> Any:
    """Return what a gripper answered."""
    code, said = answer
    if code != 0:
        raise RuntimeError(f"code {code} of its gripper's")
    return said
