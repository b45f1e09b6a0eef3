"""One xArm's controller: the SDK's line to it, its reports, its modes and what it stops for."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, NamedTuple

import numpy as np

from real.clock import WallClock
from real.network.wire import ArmFrame
from real.robot import ReflexError, RobotError
from real.tasks import rotation
from real.tasks.arm import ArmPreset
from zprl_env.errors import ConfigurationError, ZprlError

POSITION, SERVO = 0, 1
"""Modes of the controller."""
PAUSED, STOPPED = 3, 4
"""States of the arm: its motion goes on, or is over."""
WELL = (0, 1, 2)
"""States of an arm that is neither stopped nor paused."""
TIMEOUT = 0.2
"""Time that an answer may take [s]."""
ENGAGING = 1.0
"""Time that the controller may take into another mode, or to its first report [s]."""
SPAN, KEPT = 0.04, 30
"""Time over which velocities are measured, which the controller does not report [s], and the number
of reports that are kept for that."""
LOST = 0.5
"""Time without a report after which a controller counts as lost [s]."""
NEAR = 0.01
"""Distance from the posture at which the joints count as being there [rad]."""


class Report(NamedTuple):
    """Report of a controller, in the robot's frame, and when that came [s]."""

    stamp: float
    position: np.ndarray
    quaternion: np.ndarray
    joints: np.ndarray


class Speed(NamedTuple):
    """Velocities between two reports [m/s, rad/s]."""

    linear: np.ndarray
    angular: np.ndarray
    joints: np.ndarray


class XArmLine:
    """One arm's connection, and the newest of its reports."""

    def __init__(self, api: Any, host: str, preset: ArmPreset) -> None:
        self.api, self.host, self.posture = api, host, preset.posture
        self._frame, self._n_joints, self._clock = ArmFrame.of(preset), preset.joints, WallClock()
        self._reports: tuple[Report, ...] = ()
        self._came, self._mode, self._held, self._stops = 0, POSITION, True, 0
        api.register_report_location_callback(self._note, True, True)
        self._await(lambda: self._came > 0, "report")
        if api.axis != preset.joints:
            raise ConfigurationError(
                f"The arm at {host} must have the preset's {preset.joints} joints. Got: {api.axis}."
            )

    def clear(self) -> None:
        """Clear errors and switch the motors on; it holds until it is told to move."""
        self.hold()
        self.api.clean_error()
        self.api.clean_warn()
        self._obeyed(self.api.motion_enable(True))
        self._have_no_error()

    def measured(self) -> tuple[Report, Speed]:
        """Return the newest report, and the velocities until then."""
        with told(self.host):
            self._check()
        *before, newest = self._reports
        old = next((one for one in before[::-1] if newest.stamp - one.stamp >= SPAN), newest)
        lasted = max(newest.stamp - old.stamp, SPAN)
        turn = rotation.multiply(newest.quaternion, rotation.inverse(old.quaternion))
        return newest, Speed(
            (newest.position - old.position) / lasted,
            rotation.to_vector(turn) / lasted,
            (newest.joints - old.joints) / lasted,
        )

    def follow(self, pose: Any = None, *, joints: np.ndarray | None = None) -> None:
        """Servo to a pose, or to joint positions."""
        if joints is None:
            goal = self._frame.to_wire(*pose)
            target = [*1000.0 * goal[:3], *rotation.to_vector(np.roll(goal[3:], 1))]
            servo = self.api.set_servo_cartesian_aa
        else:
            target, servo = [*joints], self.api.set_servo_angle_j
        if not np.isfinite(target).all():
            raise RobotError(f"What an arm is sent to must be finite. Got: {target}.")
        with told(self.host):
            self._check()
            if self._held:
                self._engage(SERVO)
            self._obeyed(servo(target, is_radian=True))

    def go(self, speed: float) -> None:
        """Begin to move the joints to their posture."""
        with told(self.host):
            self._engage(POSITION)
            self._obeyed(self.api.set_servo_angle(angle=[*self.posture], speed=speed))

    def hold(self) -> None:
        """Stop, by which the controller leaves servoing as well."""
        self._held = True
        self._stops += 1
        with told(self.host):
            self._obeyed(self.api.set_state(STOPPED))

    def close(self) -> None:
        """Hold, and let go of the line; its thread of reports would have us wait for a second."""
        with suppress(Exception):
            self.hold()
        self.api._arm._enable_report = False  # or its thread opens the line of reports once more
        threading.Thread(target=self.api.disconnect, name="xarm's end", daemon=True).start()

    def _engage(self, mode: int) -> None:
        """Have the controller move again, unless somebody stops it meanwhile."""
        stops = self._stops
        self._obeyed(self.api.set_mode(mode))
        self._obeyed(self.api.set_state(0))
        came = self._came  # what it reported before may be on its way
        self._await(
            lambda: self._came > came + 1 and self.api.mode == mode and self.api.state in WELL,
            f"mode {mode}",
        )
        self._mode, self._held = mode, False
        if self._stops != stops:
            self.hold()
            raise RobotError("The arm was stopped before it moved.")

    def _check(self) -> None:
        """Raise what the arm was stopped by, if not by us."""
        if not self.api.connected or self._clock.now() - self._reports[-1].stamp > LOST:
            raise RobotError(f"The xArm at {self.host} must answer. Got: no line. Connect again.")
        state, mode = self.api.state, self.api.mode
        if state in WELL and (self._held or mode == self._mode):
            return
        self._have_no_error()
        if not self._held or state == PAUSED:
            raise _reflex(self.host, f"state {state} and mode {mode}, which somebody else set")

    def _have_no_error(self) -> None:
        code, (error, _) = self.api.get_err_warn_code()
        if error:
            from xarm.core.config.x_code import ControllerError

            raise _reflex(self.host, f"error {error}, {ControllerError(error).title['en']}")
        self._obeyed(code)

    def _obeyed(self, code: int) -> None:
        """Raise what the SDK returns as a number, of which 2 is a warning."""
        if code == 1:
            self._have_no_error()
        elif code not in (0, 2):
            raise RobotError(f"The xArm at {self.host} must obey. Got: code {code} of its SDK.")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + ENGAGING
        while not condition():
            if time.monotonic() > until:
                raise RobotError(f"{self.host} must say {what} within {ENGAGING} s. Got: nothing.")
            time.sleep(0.002)

    def _note(self, said: dict[str, list[float]]) -> None:
        """Note a report, whose angles turn about the fixed x, y and z; called by the SDK."""
        pose, joints = np.array(said["cartesian"]), np.array(said["joints"])
        roll, pitch, yaw = rotation.from_vector(np.diag(pose[3:]))
        turned = rotation.multiply(yaw, rotation.multiply(pitch, roll))
        wired = np.concatenate([0.001 * pose[:3], np.roll(turned, -1)])
        report = Report(self._clock.now(), *self._frame.from_wire(wired), joints[: self._n_joints])
        self._reports = (*self._reports[-KEPT:], report)
        self._came += 1


def _reflex(host: str, got: str) -> ReflexError:
    return ReflexError(
        f"The xArm at {host} must obey. Got: {got}. Look why, release the stop, and it is cleared."
    )


def reach(api: Any, host: str, **options: Any) -> Any:
    """Open a line to a controller, by its number: the SDK takes names for those of serial ports."""
    options |= {"is_radian": True, "check_is_pause": False, "forbid_uds": True}
    line = api(socket.gethostbyname(host), **options)
    line.set_timeout(TIMEOUT)
    return line


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the SDK from printing, and leave other sockets' time as it is."""
    before = socket.getdefaulttimeout()
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def told(host: str) -> Iterator[None]:
    """Tell the SDK's failures, which are plain exceptions, as a robot's."""
    try:
        yield
    except ZprlError:
        raise
    except Exception as error:
        raise RobotError(
            f"The xArm at {host} must obey. Got: {str(error).strip()}. Is it switched on, and its "
            "emergency stop released?"
        ) from error
