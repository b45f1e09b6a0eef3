"""The UR robot driver: arms of Universal Robots by ur_rtde, with Robotiq's gripper.

No hardware has been tried by us: begin with small limits, a tenth of the pendant's speed slider,
and a hand on the stop. ur_rtde itself was tried against a stand-in that speaks the controller's
protocols, RTDE and dashboard, on loopback; what URScript does on a controller was not.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from real.clock import WallClock
from real.drivers.hand import Hand
from real.drivers.hosts import check_postures, hosts_of
from real.network.wire import ArmFrame
from real.robot import ReflexError, RobotCommand, RobotError, RobotState
from real.tasks import rotation
from real.tasks.preset import Preset
from zprl_env.errors import MissingExtraError

READINGS = ("timestamp", "actual_q", "actual_qd", "actual_TCP_pose", "actual_TCP_speed")
WELL = (1, 2)
"""Safety modes in which the arm may move: normal and reduced."""
LOOKAHEAD = 0.1
"""Time that servoing looks ahead [s], in [0.03, 0.2]: larger is smoother, and further behind."""
RETRYING = 2.0
"""Time that ur_rtde tries to find a lost controller again [s]."""
SILENCE = 0.05
"""Time without data after which a controller counts as lost [s]."""
GRIPPER_PORT = 63352
"""Port of Robotiq's URCap."""
NEAR = 0.01
"""Distance from the posture at which the joints count as being there [rad]."""


class URRobot:
    """UR arms by ur_rtde, whose script on the controller servos to the newest pose.

    When no pose comes any more, be it that the process is lost, the script goes on servoing to the
    last one, where the arm stays.

    Args:
        preset: The task, whose arms need ``home.joints``.
        host: Address of the controller, of several separated by commas.
        gain: Gain of servoing, in [100, 2000]: larger is stiffer.
        deceleration: Of a stop [m/s^2].
        home_speed: Of the joints on the way home [rad/s].
        home_timeout: How long going home may take [s].
        gripper_port: Port of the URCap of Robotiq's gripper, which presets with a gripper named
            ``robotiq_...`` have.

    Raises:
        MissingExtraError: ur_rtde is not installed.
        ConfigurationError: There are not as many addresses as arms, or a preset has no posture.
    """

    accepts = ("pose",)

    def __init__(
        self,
        preset: Preset,
        *,
        host: str = "192.168.56.101",
        gain: float = 300.0,
        deceleration: float = 4.0,
        home_speed: float = 0.3,
        home_timeout: float = 60.0,
        gripper_port: int = GRIPPER_PORT,
    ) -> None:
        try:
            import rtde_control
            import rtde_receive
        except ModuleNotFoundError:
            raise MissingExtraError("ur_rtde", "ur") from None
        self._controls, self._receives = rtde_control, rtde_receive
        self.clock = WallClock()
        self.n_arms = len(preset.arms)
        self.address = hosts_of(preset, host)
        check_postures(preset)
        self._presets, self._gain, self._deceleration = preset.arms, gain, deceleration
        self._home_speed, self._home_timeout = home_speed, home_timeout
        self._gripper_port, self._period = gripper_port, 1.0 / preset.control_rate
        self._frames = [ArmFrame.of(arm) for arm in preset.arms]
        self._arms: list[tuple[Any, Any]] = []
        self._hands: list[Hand] = []
        self._stamps = [(-1.0, -np.inf)] * self.n_arms
        self._homing = False
        self._stops = 0

    def connect(self) -> None:
        """Reach every controller and start its script; a second call reconnects.

        A protective stop has to be unlocked at the pendant first.
        """
        self.close()
        for host, arm in zip(self.address, self._presets, strict=True):
            with _told(host):
                receive = self._receives.RTDEReceiveInterface(
                    host, -1.0, [*READINGS, "safety_mode"]
                )
                self._arms.append((self._controls.RTDEControlInterface(host), receive))
            _check_safety(receive, host)
            if arm.gripper.startswith("robotiq"):
                self._hands.append(_robotiq(host, self._gripper_port))

    def state(self) -> RobotState:
        """Return the newest measurement of every arm."""
        poses, speeds, joints, turning = [], [], [], []
        for number, (_, receive, host) in enumerate(self._connected()):
            with _told(host, receive):
                measured = receive.getTimestamp()
                pose, speed = receive.getActualTCPPose(), receive.getActualTCPSpeed()
                joints.append(np.array(receive.getActualQ()))
                turning.append(np.array(receive.getActualQd()))
            _check_safety(receive, host)
            if measured != self._stamps[number][0]:  # or else it grows old
                self._stamps[number] = measured, self.clock.now()
            turned = np.roll(rotation.from_vector(np.array(pose[3:])), -1)
            poses.append(self._frames[number].from_wire(np.concatenate([pose[:3], turned])))
            speeds.append(self._frames[number].velocity_from_wire(np.array(speed)))
        return RobotState(
            stamp=min(stamp for _, stamp in self._stamps),
            position=np.stack([pose[0] for pose in poses]),
            quaternion=np.stack([pose[1] for pose in poses]),
            linear_velocity=np.stack([speed[0] for speed in speeds]),
            angular_velocity=np.stack([speed[1] for speed in speeds]),
            gripper=np.array([hand.measured() for hand in self._hands] or [1.0] * self.n_arms),
            joints=tuple(joints),
            joint_velocities=tuple(turning),
        )

    def command(self, command: RobotCommand) -> None:
        """Make a pose what every controller's script servos to, and pass on the opening."""
        for number, (control, receive, host) in enumerate(self._connected()):
            pose = self._frames[number].to_wire(
                command.position[number], command.quaternion[number]
            )
            if not np.isfinite(pose).all():
                raise RobotError(f"A pose must be finite. Got: {pose.tolist()}.")
            target = [*pose[:3], *rotation.to_vector(np.roll(pose[3:], 1))]
            with _told(host, control, receive):
                if not control.servoL(target, 0.0, 0.0, self._period, LOOKAHEAD, self._gain):
                    raise RobotError(f"{host} must servo. Got: a refusal. Is its script running?")
        for hand, opening in zip(self._hands, command.gripper, strict=False):
            hand.grip(float(opening))

    def stop(self) -> None:
        """End servoing, or the way home, and hold every arm, whichever of them answers."""
        self._stops += 1
        failures = []
        for control, receive, host in self._connected():
            try:
                with _told(host, control):
                    if not _is_alive(receive):
                        raise RobotError(f"The UR at {host} must answer. Got: no data.")
                    if self._homing:
                        control.stopJ(2.0, True)
                    elif not control.servoStop(self._deceleration):
                        raise RobotError(f"{host} must stop. Got: a refusal.")
            except RobotError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def home(self) -> None:
        """Take the joints to the preset's posture, one arm beside the other."""
        self.stop()
        self._homing, stops = True, self._stops
        until = time.monotonic() + self._home_timeout
        try:
            for (control, _, host), arm in zip(self._connected(), self._presets, strict=True):
                with _told(host):
                    control.moveJ([*arm.posture], self._home_speed, 0.5, True)
            for (_, receive, host), arm in zip(self._connected(), self._presets, strict=True):
                while np.abs(np.array(receive.getActualQ()) - arm.posture).max() > NEAR:
                    _check_safety(receive, host)
                    if self._stops != stops:
                        raise RobotError("The arms were stopped on their way home.")
                    if time.monotonic() > until:
                        self.stop()
                        raise RobotError(
                            f"{host} must be home within {self._home_timeout:g} s. Got: it is not."
                        )
                    time.sleep(self._period)
        finally:
            self._homing = False

    def close(self) -> None:
        """Stop, end the scripts and disconnect; the grippers hold what they hold."""
        for hand in self._hands:
            hand.close()
        for control, receive in self._arms:
            reached = control.isConnected() and _is_alive(receive)
            ends = (control.servoStop, control.stopScript) if reached else ()
            if not reached:  # it tries once more by itself, and must not be ended meanwhile
                time.sleep(RETRYING)
            for end in (*ends, control.disconnect, receive.disconnect):
                with suppress(Exception):
                    end()
        self._arms, self._hands = [], []

    def _connected(self) -> list[tuple[Any, Any, str]]:
        if not self._arms:
            raise RobotError("The robot must be connected. Got: close(). Try connect().")
        return [(*arm, host) for arm, host in zip(self._arms, self.address, strict=True)]


def _check_safety(receive: Any, host: str) -> None:
    """Raise what the controller has stopped for."""
    if (mode := receive.getSafetyMode()) not in WELL:
        raise ReflexError(
            f"The UR at {host} must be in safety mode 1 or 2. Got: {mode}"
            f"{', a protective stop' * (mode == 3)}. Unlock it at the pendant, then connect again."
        )


def _is_alive(receive: Any) -> bool:
    """Tell whether data comes: without, ur_rtde would wait for its stop's end for minutes."""
    before, until = receive.getTimestamp(), time.monotonic() + SILENCE
    while receive.isConnected() and time.monotonic() < until:
        if receive.getTimestamp() != before:
            return True
        time.sleep(0.002)
    return False


def _robotiq(host: str, port: int) -> Hand:
    """Make a Robotiq gripper behind its URCap, which answers a line of text with another."""
    try:
        connection = socket.create_connection((host, port), timeout=2.0)
    except OSError as error:
        raise RobotError(
            f"Robotiq's URCap must listen at {host}:{port}. Got: {error}. Is it installed?"
        ) from None

    line = connection.makefile("rw", newline="\n")

    def ask(what: str) -> str:
        line.write(f"{what}\n")
        line.flush()
        if not (said := line.readline().strip()):
            raise RobotError("no answer")
        return said

    def act(goal: float) -> Callable[[], bool] | None:
        ask(f"SET POS {round(255 * (1.0 - goal))}")
        return None

    def end() -> None:
        line.close()
        connection.close()

    ask("SET GTO 1")
    return Hand(lambda: 1.0 - float(ask("GET POS").split()[-1]) / 255.0, act, end=end)


@contextmanager
def _told(host: str, *interfaces: Any) -> Iterator[None]:
    """Tell ur_rtde's failures as a robot's; without a line it says yes, or waits for minutes."""
    try:
        if not all(interface.isConnected() for interface in interfaces):
            raise RobotError(f"The UR at {host} must answer. Got: no line. Connect again.")
        yield
    except RobotError:
        raise
    except Exception as error:
        raise RobotError(
            f"The UR at {host} must obey. Got: {str(error).strip()}. Is it switched on, its brakes "
            "released, and in remote control?"
        ) from error
