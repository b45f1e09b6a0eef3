"""Watched robots of the stopping benchmark: in simulated time, in real time, behind a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import mujoco
import numpy as np

from benchmarks.tools.coasting import CoastingRobot
from benchmarks.tools.watched import Watched, WatchedScene
from real.clock import WallClock
from real.drivers.ideal import IdealRobot
from real.drivers.sim import SimRobot
from real.robot import RobotCommand, RobotError
from real.tasks.coordinates import POSITION, Coordinates
from real.tasks.files import load_preset
from real.tasks.preset import Preset

ASIDE = (0.02, 0.15, 0.05)
"""How far a hand moves an arm [m]."""
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
        return super().state()  # type: ignore[misc]

    def command(self, command: RobotCommand) -> None:
        """Send the arms somewhere; see `real.robot.Robot.command`."""
        self._block("command")
        super().command(command)  # type: ignore[misc]

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self._told()
        super().stop()  # type: ignore[misc]

    def close(self) -> None:
        """Note how fast it is left, and disconnect; see `real.robot.Robot.close`."""
        self.left_with = self.speed
        super().close()  # type: ignore[misc]
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


class Kind(NamedTuple):
    """A kind of robot.

    Attributes:
        task: Its preset.
        make: What makes one of a preset.
        share: Share of the random faults.
        still: Speed below which it is at rest [m/s].
        realtime: Whether its time passes by itself.
        scene: Whether it lays out its scene itself, so that nobody is waited for.
        changes: What its preset has otherwise.
    """

    task: str
    make: Callable[[Preset], Any]
    share: float
    still: float
    realtime: bool = False
    scene: bool = False
    changes: Mapping[str, Any] = {}

    @property
    def preset(self) -> Preset:
        """Its task."""
        content = load_preset(self.task).model_dump(mode="json")
        return Preset.model_validate(content | dict(self.changes))


def _served(preset: Preset) -> Any:
    from benchmarks.stopping.served import WatchedServed

    return WatchedServed(preset)


HASTY = {"reset_speed": 1.0}
"""In real time arms go home as fast as they may, for that is waited for."""
RELAXED = {
    **HASTY,
    "rate": 20,
    "control_rate": 20,
    "watchdog": {"max_state_age": 0.6, "max_missed_deadlines": 60, "max_tracking_error": 0.2},
}
"""Deadlines that a machine meets on which server and client are beside other work."""


def _coasting(preset: Preset) -> WatchedCoasting:
    return WatchedCoasting(preset, realtime=True)


def _sim(preset: Preset) -> WatchedSim:
    return WatchedSim(preset, realtime=True)


ROBOTS = {
    "coasting": Kind("place-orange", WatchedCoasting, 0.35, 1e-6),
    "two arms, coasting": Kind("open-box", WatchedCoasting, 0.2, 1e-6),
    "ideal": Kind("place-orange", WatchedIdeal, 0.2, 1e-6, scene=True),
    "simulated": Kind("place-orange", WatchedSim, 0.1, 5e-3, scene=True),
    "coasting, real time": Kind(
        "place-orange", _coasting, 0.05, 2e-3, realtime=True, changes=HASTY
    ),
    "simulated, real time": Kind(
        "place-orange", _sim, 0.0, 5e-3, realtime=True, scene=True, changes=HASTY
    ),
    "served": Kind("place-orange", _served, 0.1, 2e-3, realtime=True, changes=RELAXED),
}
"""Robots by name. One that is coasting keeps its last velocity in silence; the served one does so
behind the HTTP interface of ``real.server``."""
