"""The control loop: one period after the other, from a target to a safe command to the robot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from real.cameras.rig import CameraRig
from real.motion.emergency import EmergencyStop, Source
from real.motion.pacing import Pacer
from real.motion.safety import Filtered, SafetyFilter
from real.motion.watchdog import fault
from real.operators import VERDICTS, Event, Operator
from real.recording.recorder import Tick
from real.robot import Robot, RobotError, RobotState
from real.tasks.coordinates import POSITION, Coordinates
from real.tasks.preset import Preset

ROBOT_ERRORS = (RobotError, OSError)
"""Exceptions of a failing driver; connections fail with an `OSError`."""
MOVING = 0.05
"""Measured speed above which the picture of a camera without noise must change [m/s]."""


class ControlLoop:
    """The loop at the control rate that moves a robot, and stops it when something is wrong.

    One period: wait for the beat, ask the operator, filter the target, send the command, let the
    period pass, measure, check. Whatever goes wrong trips the emergency stop, which tells the robot
    to hold still; from then on nothing is sent until it is released.

    Args:
        robot: The robot.
        preset: The task.
        operator: Who watches.

    Attributes:
        emergency: The stop.
        state: The newest measurement that nothing was wrong with.
        ticks: The periods since they were last taken away.
        filtered: What the safety filter made of them.
        events: What the operator said, with the time of the robot's clock [s].
        verdict: The operator's judgement of the episode, if there is one.
        rigs: Cameras that are read beside the control; a fault of one stops the arms.
    """

    def __init__(self, robot: Robot, preset: Preset, operator: Operator) -> None:
        self.robot = robot
        self.operator = operator
        self.emergency = EmergencyStop()
        self.filter = SafetyFilter(preset)
        self.pacer = Pacer(robot.clock, 1.0 / preset.control_rate)
        self.state: RobotState | None = None
        self.ticks: list[Tick] = []
        self.filtered: list[Filtered] = []
        self.events: list[tuple[float, Event]] = []
        self.verdict: Event | None = None
        self.rigs: list[CameraRig] = []
        self._paused = False
        self._preset = preset
        self._coordinates = Coordinates(preset)
        self._beat = robot.clock.now()

    def tick(self, target: np.ndarray, speed: float = 1.0) -> bool:
        """Go towards a target for one control period, and through any pause before it.

        Args:
            target: Coordinates. Shape ``(N, 7)``.
            speed: Fraction of the limits to move with, in (0, 1].

        Returns:
            Whether the arms may go on; False once they are stopped.
        """
        with self.stopping():
            self._begin()
            if self._paused:
                self._pause()
            if not self.emergency.latched:
                self._send(self.filter.advance(target, speed))
        return not self.emergency.latched

    def settle(self) -> bool:
        """Come to rest, as quickly as the limits allow.

        Returns:
            Whether the arms are at rest by themselves; False if they are stopped.
        """
        if self.robot.clock.now() - self._beat > self.pacer.period * self._tolerance:
            self.filter.restart(self.filter.coordinates)  # they have been at rest since
        while not self.filter.at_rest and not self.emergency.latched:
            with self.stopping():
                self._begin()
                self._send(self.filter.brake())
        self.pacer.restart()
        return not self.emergency.latched

    def locate(self) -> bool:
        """Measure where the arms are, and begin from there, at rest.

        Returns:
            Whether a measurement could be had; the arms are stopped if not.
        """
        with self.stopping():
            self.state = None
            self._measure(tracked=False)
            if self.state is not None:
                self.filter.restart(self._coordinates.of(self.state))
        self.pacer.restart()
        return not self.emergency.latched

    def begin_at(self, coordinates: np.ndarray) -> bool:
        """Take the arms to be at rest somewhere, and measure.

        Args:
            coordinates: Where they were put. Shape ``(N, 7)``.

        Returns:
            Whether the arms may go on.
        """
        self.filter.restart(coordinates)
        self.pacer.restart()
        with self.stopping():
            self._measure()
        return not self.emergency.latched

    def listen(self) -> list[Event]:
        """Poll the operator for new events; a stop takes effect at once.

        Returns:
            What they said.
        """
        try:
            said = list(self.operator.poll())
        except ROBOT_ERRORS as error:  # of the scene, which an operator may look at
            self.halt("driver", str(error))
            said = []
        now = self.robot.clock.now()
        for event in said:
            if event in VERDICTS and self.verdict is not None:
                continue  # the first one counts
            self.events.append((now, event))
            if event is Event.STOP:
                self.halt("operator", "the operator stopped the arms")
            elif event in (Event.PAUSE, Event.RESUME):
                self._paused = event is Event.PAUSE
            elif event in VERDICTS:
                self.verdict = event
        return said

    def halt(self, source: Source, reason: str) -> None:
        """Stop the arms, and keep them stopped.

        Args:
            source: Who stops them.
            reason: Why.
        """
        first = not self.emergency.latched
        try:
            self.robot.stop()
        except ROBOT_ERRORS as error:
            reason = f"{reason}; the robot could not be told to stop: {error}"
        if first:
            self.emergency.trip(source, reason, self.robot.clock.now())

    def forget(self) -> None:
        """Clear the last episode's verdict, pause, events and counts."""
        self.verdict, self._paused = None, False
        self.begin_action()
        self.pacer.restart()

    def begin_action(self) -> None:
        """Clear the last action's events and counts."""
        self.events, self.ticks, self.filtered = [], [], []

    @property
    def moving(self) -> bool:
        """Whether an arm was measured to move so fast that it must be seen."""
        return self.state is not None and bool(
            np.linalg.norm(self.state.linear_velocity, axis=1).max() > MOVING
        )

    def connect(self) -> None:
        """Reach the robot, then its cameras; a second call reconnects.

        Raises:
            RobotError: It is not there, or a camera gives no pictures.
        """
        self.robot.connect()
        self.look()

    def look(self) -> None:
        """Wait for a picture of each camera that was taken after now, where there are some.

        Raises:
            CameraError: One gives none.
        """
        for rig in self.rigs:
            rig.connect()

    @property
    def _tolerance(self) -> int:
        """Periods that may pass without a command."""
        return self._preset.watchdog.max_missed_deadlines

    def _begin(self) -> None:
        """Wait for the beat, and listen."""
        self._beat = self.pacer.wait()
        if self.pacer.in_a_row > self._tolerance:
            self.halt(
                "watchdog",
                f"at most {self._tolerance} deadlines in a row may be missed; got "
                f"{self.pacer.in_a_row}",
            )
        self.listen()

    def _pause(self) -> None:
        """Hold still until the operator wants to go on, or loses patience."""
        until = self.robot.clock.now() + self.operator.patience
        while self._paused and self.verdict is None and not self.emergency.latched:
            self._send(self.filter.brake())
            if not self.emergency.latched:
                self._begin()
            if self.robot.clock.now() > until:
                self.halt("operator", f"a pause may last {self.operator.patience:g} s")
        self._paused = False

    def _send(self, filtered: Filtered) -> None:
        """Send a command, let its period pass, and measure."""
        command = self._coordinates.command(filtered.coordinates)
        try:
            self.robot.command(command)
        except ROBOT_ERRORS as error:
            self.halt("driver", str(error))
        self.filtered.append(filtered)
        sent = None if self.emergency.latched else command
        if not self.emergency.latched:
            self.robot.clock.sleep_until(self.pacer.due)
            self._measure()
        self.ticks.append(Tick(self._beat, sent, self.state))

    def _measure(self, *, tracked: bool = True) -> None:
        """Take a measurement, and stop if something is wrong with it."""
        try:
            state = self.robot.state()
        except ROBOT_ERRORS as error:
            self.halt("driver", str(error))
            return
        wrong = fault(
            state,
            self._preset,
            now=self.robot.clock.now(),
            before=self.state,
            sent=self.filter.coordinates[:, POSITION] if tracked else None,
        )
        if wrong is not None:
            self.halt("watchdog", wrong)
            return
        self.state = state
        for rig in self.rigs:
            if blind := rig.fault(self.moving):
                self.halt("camera", blind)

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """Stop the arms if anything else goes wrong in here, Ctrl-C included."""
        try:
            yield
        except BaseException as error:
            self.halt("software", f"{type(error).__name__}: {error}")
            raise
