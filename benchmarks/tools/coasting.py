"""A robot that flies on when it is told nothing, and an operator who keeps appointments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from real.clock import Clock, SimulatedClock
from real.operators import Event, ScriptedOperator
from real.robot import RobotCommand, RobotState
from real.tasks import rotation
from real.tasks.coordinates import Coordinates
from real.tasks.preset import Preset


class CoastingRobot:
    """Follows poses as an arm behind a velocity interface does: in silence it keeps its velocity.

    A pose is reached a control period after it was sent, on a straight way; unless another one or
    a stop comes then, the arms go on with the velocity that took them there. `real.robot.Robot`
    forbids that, so whoever falls silent without having come to rest is found out.

    Args:
        preset: The task.

    Attributes:
        commands: When each command came by the clock [s], and the command.
        stops: When it was told to hold still [s].
        calls: The methods that were called, in order, but for `state`.
        broken: What a method of this name raises, if anything.
        spoil: What becomes of every measurement, if anything.
    """

    def __init__(self, preset: Preset) -> None:
        self.clock: Clock = SimulatedClock()
        self.n_arms = len(preset.arms)
        self.commands: list[tuple[float, RobotCommand]] = []
        self.stops: list[float] = []
        self.calls: list[str] = []
        self.broken: dict[str, BaseException] = {}
        self.spoil: Callable[[RobotState], RobotState] | None = None
        self._preset = preset
        self._period = 1.0 / preset.control_rate
        self._coordinates = Coordinates(preset)
        self.place(self._coordinates.home)

    def place(self, coordinates: np.ndarray) -> None:
        """Put the arms somewhere, at rest."""
        self._start = self._coordinates.command(coordinates)
        self._since = self.clock.now()
        self._linear = np.zeros((self.n_arms, 3))
        self._angular = np.zeros((self.n_arms, 3))

    def connect(self) -> None:
        """Reach the robot; see `real.robot.Robot.connect`."""
        self._called("connect")

    def state(self) -> RobotState:
        """Measure, without noise; see `real.robot.Robot.state`."""
        if "state" in self.broken:
            raise self.broken["state"]
        here = self._here()
        state = RobotState(
            stamp=self.clock.now(),
            position=here.position,
            quaternion=here.quaternion,
            linear_velocity=self._linear.copy(),
            angular_velocity=self._angular.copy(),
            gripper=here.gripper,
            joints=tuple(np.zeros(arm.joints) for arm in self._preset.arms),
            objects={name: np.array([0.4, 0, 0, 1, 0, 0, 0.0]) for name in self._preset.objects},
        )
        return state if self.spoil is None else self.spoil(state)

    def command(self, command: RobotCommand) -> None:
        """Begin the way to a pose; see `real.robot.Robot.command`."""
        self._called("command")
        here, now = self._here(), self.clock.now()
        turn = rotation.multiply(command.quaternion, rotation.inverse(here.quaternion))
        self._start = RobotCommand(here.position, here.quaternion, command.gripper.copy())
        self._linear = (command.position - here.position) / self._period
        self._angular = rotation.to_vector(turn) / self._period
        self._since = now
        self.commands.append((now, command))

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self._called("stop")
        self._hold(self._here())
        self.stops.append(self.clock.now())

    def home(self) -> None:
        """Be at home; see `real.robot.Robot.home`."""
        self._called("home")
        self.place(self._coordinates.home)

    def close(self) -> None:
        """Hold still; see `real.robot.Robot.close`."""
        self._called("close")
        self._hold(self._here())

    def moved_within(self, seconds: float) -> float:
        """Return the distance that an arm gets in so much silence [m]."""
        before = self._here().position
        self.clock.sleep_until(self.clock.now() + seconds)
        return float(np.linalg.norm(self._here().position - before, axis=1).max())

    def _here(self) -> RobotCommand:
        passed = self.clock.now() - self._since
        turned = rotation.from_vector(passed * self._angular)
        return RobotCommand(
            self._start.position + passed * self._linear,
            rotation.multiply(turned, self._start.quaternion),
            self._start.gripper.copy(),
        )

    def _hold(self, here: RobotCommand) -> None:
        self.place(self._coordinates.of(here))

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.broken:
            raise self.broken[name]


class PunctualOperator(ScriptedOperator):
    """Says what a timetable has, when the robot's clock gets there.

    Args:
        clock: The robot's.
        timetable: What is said when [s].
        patience: How long may be waited for it [s].
    """

    def __init__(
        self, clock: Clock, timetable: Mapping[float, Event], patience: float = 60.0
    ) -> None:
        super().__init__(patience=patience)
        self._clock = clock
        self._timetable = sorted(timetable.items())

    def poll(self) -> Sequence[Event]:
        """Return what is due; see `real.operators.Operator.poll`."""
        while self._timetable and self._timetable[0][0] <= self._clock.now():
            self.say(self._timetable.pop(0)[1])
        return super().poll()
