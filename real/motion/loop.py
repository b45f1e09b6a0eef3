"""The control loop: one period after the other, from a target to a safe command to the robot."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import numpy as np

from policies.commands.signals import undivided
from real.cameras.rig import CameraRig
from real.motion.arms import Arms
from real.motion.beside import Beside
from real.motion.emergency import Source, source_of
from real.motion.hearing import Hearing
from real.motion.pacing import Pacer
from real.motion.safety import Filtered, SafetyFilter
from real.motion.standstill import RESTING
from real.motion.watchdog import fault
from real.operators import LATE, VERDICTS, Event, Operator
from real.recording.recorder import Tick
from real.robot import Robot, RobotError, RobotState
from real.tasks.coordinates import GRIPPER, MOTION, coordinates_of
from real.tasks.preset import Preset
from zprl_env.ahead.spent import Spent

ROBOT_ERRORS = (RobotError, OSError)
"""Exceptions of a failing driver; connections fail with an `OSError`."""
OPERATOR_STOPPED = "the operator stopped the arms"
HANGING = 2.0
"""Time that another thread's driver gets to return before the arms are stopped all the same [s]."""
CALLER = "caller"
"""Name of whoever steps the environment, where it is not known more closely who was late."""
MACHINE = "machine"
"""Name of the computer, busy with something else, for time that is not accounted for."""
ADVICE = dict.fromkeys(
    ("policy", "learner", CALLER),
    ", while the arms moved. Try inference=ahead with a delay that covers it",
)
"""Advice that a stop gives, by who was late."""
MOVING = 0.05
"""Measured speed above which the picture of a camera without noise must change [m/s]."""
SWINGING = 0.3
"""The same of a joint, where nothing else is known [rad/s]."""


class ControlLoop:
    """The loop at the control rate that moves a robot, and stops it when something is wrong.

    One period: wait for the beat, ask the operator, filter the target, send the command, let the
    period pass, measure, check. Whatever goes wrong trips the emergency stop, before the driver is
    told; from then on nothing is sent until it is released, but what brakes arms whose driver could
    not be told.

    Nothing is taken for granted between two motions: after a silence, a pause or somebody else's
    turn the first command is where the arms are measured to be, once they are at rest.

    A thread beside it hears a stop while the driver, or whoever decides, takes its time. Where time
    passes by itself it also brakes arms that were left in motion.

    Args:
        robot: The robot.
        preset: The task.
        operator: Who watches.
        arms: The robot's owner, where others may move it too; one of its own if None.

    Attributes:
        arms: The robot's owner.
        emergency: The stop.
        state: The newest measurement that nothing was wrong with.
        ticks: The periods since they were last taken away.
        filtered: What the safety filter made of them.
        held: The periods that were held since then; no action asked for them.
        before: Those that were held before the present action.
        late: Deadlines that were missed in the episode, by whom they were spent.
        spent: Who spent the time since the last beat that was in time.
        epoch: Raised by every reset and stop, and by whoever takes the arms over: what was decided
            in another one is late.
        events: What the operator said, with the time of the robot's clock [s].
        verdict: The operator's judgement of the episode, if there is one.
        rigs: Cameras that are read beside the control; a fault of one stops the arms.
        amend: Told of words about the last episode, between two.
    """

    def __init__(
        self, robot: Robot, preset: Preset, operator: Operator, arms: Arms | None = None
    ) -> None:
        self.arms = arms or Arms(robot)
        self.robot = robot
        self.operator = operator
        self.emergency = self.arms.emergency
        filtered = getattr(robot, "filtered", False)  # once more, behind the driver
        self.filter = SafetyFilter(preset.tightened() if filtered else preset)
        self.pacer = Pacer(robot.clock, 1.0 / preset.control_rate)
        self.state: RobotState | None = None
        self.ticks: list[Tick] = []
        self.filtered: list[Filtered] = []
        self.events: list[tuple[float, Event]] = []
        self.held: list[Tick] = []
        self.before: list[Tick] = []
        self.late: dict[str, int] = {}
        self.spent = Spent(robot.clock.now)
        self.epoch = 0
        self.verdict: Event | None = None
        self.rigs: list[CameraRig] = []
        self.amend: Callable[[Event], object] | None = None
        self._paused = False
        self._preset = preset
        self._coordinates = coordinates_of(preset)
        self._near = self.filter.nearness
        self._beat = robot.clock.now()
        self._left, self._since, self._asleep = (self._beat, 0.0), self._beat, 0.0
        self._caller, self._missed = CALLER, 0
        self._deciding: Spent | None = None
        self._hearing = Hearing(operator)
        self._turn = threading.RLock()
        self._beside = Beside(self)

    @property
    def has_turn(self) -> bool:
        """Turn of this loop: whether the arms were moved by no other since."""
        return self.arms.mover in (None, self)

    @property
    def is_paused(self) -> bool:
        """Whether the operator wants the arms to hold still for a while."""
        return self._paused

    def take_turn(self) -> None:
        """Take the turn from whoever moved these arms last, who brings them to rest."""
        if not self.has_turn:
            with self._turn:  # whatever this loop was about to do, the arms are elsewhere
                self.filter.restart(self.filter.coordinates)
        self.arms.take(self)
        self._beside.start()

    def tick(self, target: np.ndarray, speed: float = 1.0) -> bool:
        """Go towards a target for one control period, and through any pause before it.

        Args:
            target: Coordinates. Shape ``(N, 7)``.
            speed: Fraction of the limits to move with, in (0, 1].

        Returns:
            Whether the arms may go on; False once they are stopped.
        """
        with self._turn, self.stopping():
            if not self.has_turn or self.arms.closed:
                return False
            if self.filter.at_rest and self._silent:
                self._find()
            self._begin()
            if self._paused:
                self._pause()
            if not self.emergency.latched:
                self._send(lambda: self.filter.advance(target, speed))
        return not self.emergency.latched

    def hold(self) -> bool:
        """Brake within the limits, or stand still, for one period: there is no action to execute.

        Returns:
            Whether the arms may be held on; False once they are stopped or somebody else's.
        """
        with self._turn, self.stopping():
            if not self.has_turn or self.arms.closed:
                return False
            self._begin()
            if not self.emergency.latched:
                before = len(self.ticks)
                self._send(self.filter.brake)
                self.held += self.ticks[before:]
                del self.ticks[before:], self.filtered[before:]
        return not self.emergency.latched

    def settle(self) -> bool:
        """Come to rest, as quickly as the limits allow.

        Returns:
            Whether the arms are at rest by themselves; False if they are stopped.
        """
        with self._turn:
            if self._silent and not self.filter.at_rest and not self.emergency.latched:
                with self.stopping():  # whoever was to go on did not: there is no way to go on from
                    self._let_go()
                    self.robot.stop()
                    self.locate()
            for _ in self._braking():
                if self.emergency.latched:
                    break
                with self.stopping():
                    self._begin()
                    if not self.emergency.latched:
                        self._send(self.filter.brake)
            if not self.emergency.latched:
                self._hold_still()
            self.pacer.restart()
        return not self.emergency.latched

    def finish(self) -> None:
        """Come to rest and have the driver hold still, whatever fails; the operator is not asked.

        The last thing to be done with arms: nothing may be expected of whoever comes after.
        """
        self._beside.close()
        held = self._turn.acquire(timeout=HANGING)  # by a thread whose driver never returns
        try:
            if not self.emergency.latched:
                self._come_to_rest()
        finally:
            if self.emergency.latched or self._creeping:
                with contextlib.suppress(Exception):
                    self.robot.stop()
            self._let_go()
            if held:
                self._turn.release()

    def locate(self) -> bool:
        """Measure where the arms are, and begin from there, at rest.

        Returns:
            Whether a measurement could be had; the arms are stopped if not.
        """
        with self._turn:
            with self.stopping():
                self.state = None
                self._measure_at_rest(tracked=False)
                if self.state is not None and not self.emergency.latched:
                    self.filter.restart(self._coordinates.of(self.state))
            self.pacer.restart()
            self._beat = self.robot.clock.now()
        return not self.emergency.latched

    def begin_at(self, coordinates: np.ndarray) -> bool:
        """Begin at rest where the arms were put, or rather where they are measured to be.

        Args:
            coordinates: Where they were put. Shape ``(N, 7)``.

        Returns:
            Whether the arms may go on.
        """
        with self._turn:
            self.filter.restart(coordinates)
            self.pacer.restart()
            with self.stopping():
                self._find(tracked=True)
        return not self.emergency.latched

    def listen(self) -> list[Event]:
        """Poll the operator for new events; a stop takes effect at once.

        Returns:
            What they said.
        """
        try:
            said = self._hearing.poll()
        except ROBOT_ERRORS as error:  # of the scene, which an operator may look at
            self.halt("driver", str(error))
            said = []
        now = self.robot.clock.now()
        for event, obeyed in said:
            if event in LATE and self.amend is not None:
                self.amend(event)
                self.events.append((now, event))
                continue
            if event is Event.TAKE_BACK or (event in VERDICTS and self.verdict is not None):
                continue  # the first one counts
            self.events.append((now, event))
            if event is Event.STOP and not obeyed:
                self.halt("operator", OPERATOR_STOPPED)
            elif event in (Event.PAUSE, Event.RESUME):
                self._paused = event is Event.PAUSE
            elif event in VERDICTS:
                self.verdict = event
        return [event for event, _ in said]

    def hear_late(self) -> None:
        """Hear what is said about the last episode, before another one is chosen."""
        if self.amend is None:
            return
        said = self._hearing.poll()
        for event, _ in said:
            if event in LATE:
                self.amend(event)
        self._hearing.put_back([one for one in said if one[0] not in LATE])

    def hear_beside(self) -> None:
        """Hear the operator from another thread: a stop waits for nothing that the loop does."""
        # Where several loops hear the same person, the one that moves the arms does.
        if self.has_turn and self._hearing.hear():
            self.halt("operator", OPERATOR_STOPPED, beside=True)
        if self.arms.untold and self.arms.in_real_time and self._turn.acquire(blocking=False):
            try:
                self._brake_untold()
            finally:
                self._turn.release()

    def halt(self, source: Source, reason: str, *, beside: bool = False) -> None:
        """Stop the arms, and keep them stopped: that holds whatever the driver does when told.

        Arms whose driver could not be told are braked by commands, within their limits.

        Args:
            source: Who stops them.
            reason: Why.
            beside: Whether this is called from another thread than the loop's.
        """
        first = self.emergency.trip(source, reason, self.robot.clock.now())
        self.epoch += 1
        try:
            self.robot.stop()
            self.arms.untold = False
        except Exception as error:
            self.arms.untold = True
            if first:
                self.emergency.amend(f"the robot could not be told to stop: {error}")
        if not beside:
            self._brake_untold()

    def release(self) -> None:
        """Release the stop: the arms may move again, from where they will be measured to be."""
        with self._turn:
            self._let_go()
            self.arms.untold = False
            self.emergency.release()

    def forget(self) -> None:
        """Clear the last episode's verdict, pause, events and counts."""
        self.verdict, self._paused = None, False
        self.begin_action()
        self.held, self.late = [], {}
        self.spent.clear()
        self.epoch += 1
        self.pacer.restart()

    def begin_action(self) -> None:
        """Clear the last action's events and counts; periods that were held since are its first."""
        self.events, self.ticks, self.filtered = [], [], []
        self.before, self.held = self.held, []

    @property
    def moving(self) -> bool:
        """Whether an arm was measured to move so fast that it must be seen."""
        if self.state is None:
            return False
        swinging = max((np.abs(v).max() for v in self.state.joint_velocities), default=0.0)
        speed = np.linalg.norm(self.state.linear_velocity, axis=1).max()
        return bool(speed > MOVING) or (bool(np.isnan(speed)) and bool(swinging > SWINGING))

    def connect(self) -> None:
        """Reach the robot, then its cameras; a second call reconnects.

        Raises:
            RobotError: It is not there, or a camera gives no pictures.
        """
        self.robot.connect()
        self.arms.note_connection()
        self.look()

    def look(self) -> None:
        """Wait for a picture of each camera that was taken after now, where there are some.

        Raises:
            CameraError: One gives none.
        """
        for rig in self.rigs:
            rig.connect()

    @property
    def forsaken(self) -> bool:
        """Whether the arms were left in motion, by whoever was to go on with them."""
        moving = self._creeping and not self.emergency.latched
        return moving and self.has_turn and self._silent

    def brake_forsaken(self) -> None:
        """Bring forsaken arms to rest; nothing if they are moved after all.

        Arms that were told to rest, and creep, are told it again; who was on the way is stopped.
        """
        if not self._turn.acquire(blocking=False):
            return
        try:
            if self.forsaken:
                silence = self.robot.clock.now() - self._beat
                who = CALLER if self._deciding is None else self._deciding.at_work or "learner"
                rested = self.filter.at_rest
                self._come_to_rest()
                if rested and not self.emergency.latched:
                    self._hold_still()
                    return
                self.halt(
                    "watchdog",
                    f"at most {self._tolerance} deadlines in a row may be missed; got no action "
                    f"for {silence:.2f} s from the {who}{ADVICE.get(who, '')}",
                )
        finally:
            self._turn.release()

    @property
    def _silent(self) -> bool:
        """Whether more periods have passed without a command than may."""
        passed = self.robot.clock.now() - self._beat
        return passed > (self._tolerance + 1.5) * self.pacer.period

    @property
    def _tolerance(self) -> int:
        """Periods that may pass without a command."""
        return self._preset.watchdog.max_missed_deadlines

    @property
    def _creeping(self) -> bool:
        """Whether arms that were told nothing more would not be at rest."""
        return not self.filter.told_to_rest or self.arms.standstill.creeping

    def note_spent(self, seconds: Spent) -> None:
        """Note who spent the time since the last command, as whoever decides has measured it."""
        self._caller, self._deciding = seconds.most[0], seconds

    def _begin(self) -> None:
        """Wait for the beat, and listen."""
        left, counted = self._left
        between = self.robot.clock.now() - left - (self.spent.total - counted)
        self.spent.add({self._caller: max(0.0, between)})
        self._asleep += max(0.0, self.pacer.due - self.robot.clock.now())
        self._beat = self.pacer.wait()
        self._judge_beat()
        with self.spent.by("operator"):
            self.listen()
        if self.emergency.latched:
            self._brake_untold()

    def _judge_beat(self) -> None:
        """Note whose time made a beat late; stop if too many deadlines were missed in a row."""
        missed = self.pacer.in_a_row
        if not missed:
            self.spent.clear()
            self._since, self._asleep, self._missed = self._beat, 0.0, 0
            return
        passed = self._beat - self._since
        self.spent.add({MACHINE: max(0.0, passed - self._asleep - self.spent.total)})
        who, seconds = self.spent.most
        self.late[who] = self.late.get(who, 0) + missed - self._missed
        self._missed = missed
        if missed > self._tolerance:
            self.halt(
                "watchdog",
                f"at most {self._tolerance} deadlines in a row may be missed; got {missed}, for "
                f"the {who} took {seconds:.3f} s{ADVICE.get(who, '')}",
            )

    def _pause(self) -> None:
        """Hold still until the operator wants to go on, or loses patience."""
        until = self.robot.clock.now() + self.operator.patience
        while self._paused and self.verdict is None and not self.emergency.latched:
            self._send(self.filter.brake)
            if not self.emergency.latched:
                self._begin()
            if self.robot.clock.now() > until:
                self.halt("operator", f"a pause may last {self.operator.patience:g} s")
        self._paused = False
        if self.filter.at_rest and not self.emergency.latched:
            self._find(tracked=True)

    def _find(self, *, tracked: bool = False) -> None:
        """Measure arms at rest, and begin where they are, unless that is where they were sent.

        What a measurement differs from that by noise alone, less than half of what an arm may move
        in a period, is left out; and a gripper holds on to what it was told.
        """
        self._measure_at_rest(tracked=tracked)
        if self.state is None or self.emergency.latched:
            return
        here, sent = self._coordinates.of(self.state), self.filter.coordinates
        here[:, GRIPPER] = sent[:, GRIPPER]
        if (np.abs(here - sent) > self._near).any():
            self.filter.restart(here)

    def _measure_at_rest(self, *, tracked: bool) -> None:
        """Measure where a motion begins: all do here. Stop if that is nowhere to begin from."""
        until = self.robot.clock.now() + RESTING
        self._measure(tracked=tracked)
        while self.state is not None and not self.emergency.latched:
            why = self.arms.standstill.fault(self.state)
            if why is None:
                self.arms.standstill.note_begin()
                return
            if self.robot.clock.now() > until:
                self.halt("watchdog", why)
                return
            self.robot.clock.sleep_until(self.robot.clock.now() + self.pacer.period)
            self.pacer.restart()
            self.listen()
            if not self.emergency.latched:
                self._measure(tracked=tracked)

    def _send(self, advance: Callable[[], Filtered], *, measured: bool = True) -> None:
        """Send what the filter makes, let its period pass, and measure."""
        try:
            with undivided():  # or else the filter would be ahead of what was sent
                filtered = advance()
                command = self._coordinates.command(filtered.coordinates)
                with self.spent.by("driver"):
                    self.robot.command(command)
                self._note_sent(filtered)
        except ROBOT_ERRORS as error:
            self.halt(source_of(error), str(error))
        else:
            if self.emergency.latched:  # meanwhile, by another thread: this command came after it
                self.halt("software", "a command came after the stop")
        self.filtered.append(filtered)
        sent = None if self.emergency.latched else command
        if not self.emergency.latched:
            self._asleep += max(0.0, self.pacer.due - self.robot.clock.now())
            self.robot.clock.sleep_until(self.pacer.due)
            if measured:
                self._measure()
        self.ticks.append(Tick(self._beat, sent, self.state))
        self._left, self._caller = (self.robot.clock.now(), self.spent.total), CALLER

    def _note_sent(self, filtered: Filtered) -> None:
        """Note that the driver has taken a command."""
        steps = (filtered.coordinates / self._near)[:, MOTION]
        self.arms.standstill.note_sent(steps, self.robot.clock.now(), self.pacer.period)

    def _measure(self, *, tracked: bool = True) -> None:
        """Take a measurement, and stop if something is wrong with it."""
        try:
            with self.spent.by("driver"):
                state = self._coordinates.completed(self.robot.state())
        except ROBOT_ERRORS as error:
            self.halt(source_of(error), str(error))
            return
        sent = self._coordinates.command(self.filter.coordinates) if tracked else None
        wrong = fault(
            state,
            self._preset,
            now=self.robot.clock.now(),
            before=self.state,
            sent=getattr(sent, "position", None),
            turned=getattr(sent, "quaternion", None),
            joints=getattr(sent, "joints", None),
        )
        if wrong is not None:
            self.halt("watchdog", wrong)
            return
        self.arms.standstill.note_measured(state)
        self.state = state
        with self.spent.by("camera"):
            faults = [rig.fault(self.moving) for rig in self.rigs]
        for blind in filter(None, faults):
            self.halt("camera", blind)

    def _come_to_rest(self) -> None:
        """Brake within the limits; whatever fails, what is left is the driver's stop."""
        with contextlib.suppress(Exception):
            self._await_period()
            self.pacer.restart()
            for _ in self._braking():
                if self.emergency.latched:
                    break
                self._beat = self.pacer.wait()
                self._send(self.filter.brake, measured=False)  # which may fail, or take its time

    def _braking(self) -> Iterator[None]:
        """Go through the periods that it takes to rest."""
        return self.arms.standstill.periods_to_rest(lambda: self.filter.told_to_rest)

    def _hold_still(self) -> None:
        """Have the driver hold arms still that creep although they were told to rest, and again."""
        if self._creeping:
            with self.stopping():
                self.robot.stop()
                self._let_go()

    def _let_go(self) -> None:
        """Forget the way that the arms were on: they hold still, or somebody else moves them."""
        self.filter.restart(self.filter.coordinates)
        self.arms.standstill.note_held()

    def _await_period(self) -> None:
        """Wait until the last command's period is over: none is sent on the heels of another."""
        self.robot.clock.sleep_until(self.pacer.due)

    def _brake_untold(self) -> None:
        """Brake by commands where the driver could not be told to stop, as far as it takes them."""
        if not (self.arms.untold and self._creeping):
            return
        self._await_period()
        for _ in self._braking():
            filtered = self.filter.brake()
            try:
                self.robot.command(self._coordinates.command(filtered.coordinates))
            except Exception:  # not taken up later: arms that wait by then would be sent off
                self._let_go()
                return
            self._note_sent(filtered)
            self.robot.clock.sleep_until(self.robot.clock.now() + self.pacer.period)

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """Brake and stop the arms if anything else goes wrong in here, Ctrl-C included."""
        try:
            yield
        except BaseException as error:
            try:
                self._come_to_rest()
            finally:
                self.halt("software", f"{type(error).__name__}: {error}")
            raise
