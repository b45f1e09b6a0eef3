"""Watched robots of the stopping benchmark: in simulated time, in real time, behind a server."""

# mypy: disable-error-code="misc"

from __future__ import annotations

import time
from typing import Any

import mujoco
import numpy as np

from benchmarks.tools.coasting import CoastingRobot
from benchmarks.tools.watched import Watched, WatchedScene
from real.clock import WallClock
from real.drivers.ideal import IdealRobot
from real.drivers.sim import SimRobot
from real.robot import RobotCommand, RobotError
from real.tasks.coordinates import POSITION, Coordinates
from real.tasks.preset import Preset

ASIDE = (0.02, 0.15, 0.05)
"""Way that a hand moves an arm [m]."""
SETTLING = 3.0
"""Time in which an arm with mass, and motors that are not strong, comes to rest [s]."""


class Body:
    """Mixin of a watched robot: what a laboratory sees of it and does to it.

    Attributes:
        left_with: Speed of the fastest arm when the driver was closed [m/s].
        blocking: Method that takes a second from now on; None if none.
        told: When it was told to hold still or was closed, by the computer's clock [s].
    """

    left_with = 0.0
    blocking: str | None = None
    _real = False
    clock: Any
    broken: dict[str, BaseException]

    def state(self) -> Any:
        """Measure; see `real.robot.Robot.state`."""
        self._block("state")
        return super().state()

    def command(self, command: RobotCommand) -> None:
        """Send the arms somewhere; see `real.robot.Robot.command`."""
        self._block("command")
        super().command(command)

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self._told()
        super().stop()

    def close(self) -> None:
        """Note how fast it is left, and disconnect; see `real.robot.Robot.close`."""
        self.left_with = self.speed
        super().close()
        self._told()

    def lose(self) -> None:
        """Lose the connection, but for the stop's own."""
        self.broken |= {"command": RobotError("no answer"), "state": OSError("reset")}

    def heal(self) -> None:
        """Repair whatever is broken."""
        self.broken.clear()
        self.spoil, self.blocking = None, None

    @property
    def speed(self) -> float:
        """Speed of the fastest arm [m/s]."""
        return 0.0

    @property
    def told(self) -> list[float]:
        """Times at which it was told to hold still or was closed [s]."""
        return self.__dict__.setdefault("_told_at", [])

    def _told(self) -> None:
        self.told.append(time.monotonic())

    def _block(self, name: str) -> None:
        if self.blocking == name:
            time.sleep(1.0)


class WatchedCoasting(Body, Watched, CoastingRobot):
    """Flies on in silence, which `real.robot.Robot` forbids, and is watched."""

    def __init__(self, preset: Preset, *, realtime: bool = False) -> None:
        super().__init__(preset)
        if realtime:
            self.clock = WallClock()
            self.place(self._coordinates.home)

    @property
    def speed(self) -> float:
        """Speed of the fastest arm [m/s]."""
        return float(np.linalg.norm(self._linear, axis=1).max())

    def push(self) -> None:
        """Let a hand move the arms aside."""
        self.place(_aside(self._coordinates.of(self._here())))

    def _begin(self, command: RobotCommand) -> RobotCommand:
        return self._here()


class WatchedIdeal(Body, WatchedScene, IdealRobot):
    """Obeys at once, and is watched. In silence it stays where it is."""

    def push(self) -> None:
        """Let a hand move the arms aside."""
        coordinates = Coordinates(self._preset)
        self._before = self._sent = coordinates.command(_aside(coordinates.of(self._sent)))

    def _begin(self, command: RobotCommand) -> RobotCommand:
        here: RobotCommand = self._sent
        return here


class WatchedSim(Body, WatchedScene, SimRobot):
    """Arms in MuJoCo that are watched."""

    @property
    def speed(self) -> float:
        """Speed of the fastest arm, without a sensor's noise [m/s]."""
        with self._lock:
            return max(float(np.linalg.norm(arm.velocity[:3])) for arm in self._world.arms)

    def close(self) -> None:
        """Note how fast it is a moment later, and close it."""
        if not self._closed:
            self.clock.sleep_until(self.clock.now() + SETTLING)
        super().close()

    def push(self) -> None:
        """Let a hand move the arms aside."""
        with self._lock:
            for arm in self._world.arms:
                arm.joints = arm.joints + np.array([0.4, *[0.0] * (len(arm.joints) - 1)])
            mujoco.mj_forward(*self._simulation())
            self._measurements.clear()
            self._arrived = self._measured()  # without latency: what nobody can know is no fault

    def _begin(self, command: RobotCommand) -> RobotCommand:
        with self._lock:
            poses = np.array([arm.pose for arm in self._world.arms])
        return RobotCommand(poses[:, :3], poses[:, 3:], command.gripper)


def _aside(coordinates: np.ndarray) -> np.ndarray:
    moved = coordinates.copy()
    moved[:, POSITION] += ASIDE
    return moved
