"""A robot shared by concurrent requests, with a dead man's switch that stops it in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np

from real.robot import Robot, RobotCommand, RobotError, RobotState
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, ZprlError

MARGIN = 0.01
"""Distance that a pose may be beyond the safety box, for frames and digits differ a little [m]."""


class CommandRefusedError(ZprlError):
    """A command that is impossible, or not now."""


class ServedRobot:
    """A robot commanded arm by arm from several threads; the other arms stay as they are.

    A client may be killed: after a silence the arms are stopped, once.

    Args:
        robot: The robot.
        preset: Its task.
        dead_man: Silence after a command after which the arms are stopped [s].

    Raises:
        ConfigurationError: ``dead_man`` is not above 0.
    """

    def __init__(self, robot: Robot, preset: Preset, *, dead_man: float = 0.5) -> None:
        if not dead_man > 0.0:
            raise ConfigurationError(f"dead_man must be above 0 s. Got: {dead_man}.")
        self.robot = robot
        self.preset = preset
        self.stops = 0
        self._dead_man = dead_man
        self._lock = threading.Lock()
        self._target: RobotCommand | None = None
        self._commanded: float | None = None
        self._enabled = True
        self._homing = False
        self._failed = False
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._stop_after_silence, daemon=True)
        self._watch.start()

    def state(self) -> RobotState:
        """Return the newest measurement."""
        with self._alone(), self._watched():
            return self.robot.state()

    def age(self, state: RobotState) -> float:
        """Return the age of a measurement [s]."""
        return max(0.0, self.robot.clock.now() - state.stamp)

    def move(self, arm: int, position: np.ndarray, quaternion: np.ndarray) -> None:
        """Send one arm somewhere.

        Args:
            arm: Which one.
            position: In the robot's frame [m]. Shape ``(3,)``.
            quaternion: Unit, w first. Shape ``(4,)``.

        Raises:
            CommandRefusedError: That is outside of the safety box, or nothing may move now.
            RobotError: The robot refuses.
        """
        limits = self.preset.arms[arm].safety
        low, high = np.array(limits.low) - MARGIN, np.array(limits.high) + MARGIN
        if not ((low <= position) & (position <= high)).all():
            raise CommandRefusedError(
                f"position must lie in the box of {self.preset.name}, {limits.low} to "
                f"{limits.high} m in the robot's frame. Got: {position.round(4).tolist()}."
            )
        with self._commanding() as target:
            target.position[arm], target.quaternion[arm] = position, quaternion

    def grip(self, arm: int, opening: float) -> None:
        """Open or close one gripper.

        Args:
            arm: Which one's.
            opening: From 0, closed, to 1, open.

        Raises:
            CommandRefusedError: Nothing may move now.
            RobotError: The robot refuses.
        """
        with self._commanding() as target:
            target.gripper[arm] = opening

    def stop(self) -> None:
        """Hold still, within a tenth of a second even if another request keeps the robot busy."""
        alone = self._lock.acquire(timeout=0.1)
        try:
            self._target = self._commanded = None
            self.robot.stop()
        finally:
            if alone:
                self._lock.release()

    def enable(self, enabled: bool) -> None:
        """Let the arms be commanded or not, as one switches a controller on and off."""
        self._enabled = enabled
        if not enabled:
            self.stop()

    def clear(self) -> None:
        """Clear errors: connect to a robot that failed, and have it hold still."""
        with self._alone():
            if self._failed:
                self.robot.connect()
                self.robot.stop()
                self._failed, self._target, self._commanded = False, None, None

    def home(self) -> None:
        """Take the arms home; requests but commands are answered meanwhile."""
        with self._alone():
            if self._homing:
                raise CommandRefusedError("The arms go home already. Try again when they are.")
            self._homing, self._target, self._commanded = True, None, None
        try:
            with self._watched():
                self.robot.home()
        finally:
            self._homing = False

    def close(self) -> None:
        """Stop the arms and close the robot."""
        self._closed.set()
        self._watch.join()
        with suppress(RobotError):
            self.stop()
        self.robot.close()

    @contextmanager
    def _commanding(self) -> Iterator[RobotCommand]:
        """Give a command to change, which is then sent."""
        with self._alone():
            if self._homing:
                raise CommandRefusedError("The arms go home. Try again when they are.")
            if not self._enabled:
                raise CommandRefusedError("The arms are switched off. POST /startimp first.")
            with self._watched():
                if self._target is None:
                    state = self.robot.state()
                    arrays = (state.position, state.quaternion, state.gripper)
                    self._target = RobotCommand(*(array.copy() for array in arrays))
                target = self._target
                fields = {name: getattr(target, name).copy() for name in _FIELDS}
                wanted = replace(target, **fields)
                yield wanted
                self._commanded = time.monotonic()
                self.robot.command(wanted)
                self._target = wanted

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            yield

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember a failure, which clearing errors repairs."""
        try:
            yield
        except RobotError:
            self._failed = True
            raise

    def _stop_after_silence(self) -> None:
        while not self._closed.wait(self._dead_man / 5):
            commanded = self._commanded
            if commanded is not None and time.monotonic() - commanded > self._dead_man:
                self.stops += 1
                with suppress(RobotError):
                    self.stop()


_FIELDS = ("position", "quaternion", "gripper")
