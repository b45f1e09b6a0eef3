"""A robot shared by concurrent requests: filtered, leased to one client, stopped in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from real.motion.emergency import EmergencyStop, Source, source_of
from real.motion.standstill import RESTING, Standstill
from real.network.lease import CommandRefusedError, Lease
from real.network.servo import Servo, command_of
from real.robot import Robot, RobotError, RobotState
from real.tasks.coordinates import MOTION, Coordinates, coordinates_of
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError

MARGIN = 0.01
"""Distance that a pose may be beyond the safety box, for frames and digits differ a little [m]; the
same in radians."""
NOBODY = "a client without a name"
OF_DRIVER: tuple[Source, ...] = ("driver", "reflex")
"""Stops that clearing errors releases."""

__all__ = ["MARGIN", "CommandRefusedError", "ServedRobot"]


class ServedRobot:
    """A robot commanded arm by arm from several threads; the other arms stay as they are.

    Between every client and the driver stands the task's safety filter. A stop is latched before
    the driver is asked, and holds until :meth:`release`. One client at a time may move the arms. It
    may be killed: after a silence they are braked, within their limits. Every motion begins with a
    measurement of arms at rest.

    Args:
        robot: The robot, whose time passes by itself.
        preset: Its task.
        dead_man: Silence after a command after which the arms are stopped [s].
        lease: Silence after which another client may have them [s].

    Raises:
        ConfigurationError: ``dead_man`` is not above 0.

    Attributes:
        stops: How often a silence has stopped moving arms.
        emergency: The stop.
        lease: Who may move them.
    """

    def __init__(
        self, robot: Robot, preset: Preset, *, dead_man: float = 0.5, lease: float = 2.0
    ) -> None:
        if not dead_man > 0.0:
            raise ConfigurationError(f"dead_man must be above 0 s. Got: {dead_man}.")
        self.robot = robot
        self.preset = preset
        self.stops = 0
        self.emergency = EmergencyStop()
        self.lease = Lease(lease)
        self._dead_man = dead_man
        self._lock = threading.Lock()
        self._coordinates = coordinates_of(preset)
        self._standstill = Standstill()
        self._servos = [Servo(preset, arm) for arm in range(len(preset.arms))]
        self._commanded: float | None = None
        self._enabled = True
        self._homing = False
        self._failed = False
        self._held_beside = threading.Event()  # by who could not wait for the lock
        self._period = 1.0 / preset.control_rate
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._go_on, name="servo", daemon=True)
        self._watch.start()

    def state(self) -> RobotState:
        """Return the newest measurement, with poses by kinematics where the robot has none."""
        with self._lock, self._watched():
            return self._measured()

    def age(self, state: RobotState) -> float:
        """Return the age of a measurement [s]."""
        return max(0.0, self.robot.clock.now() - state.stamp)

    def move(
        self, arm: int, position: np.ndarray, quaternion: np.ndarray, client: str = NOBODY
    ) -> None:
        """Send one arm somewhere, which it goes to within its limits.

        Args:
            arm: Which one.
            position: In the robot's frame [m]. Shape ``(3,)``.
            quaternion: Unit, w first. Shape ``(4,)``.
            client: Who asks.

        Raises:
            CommandRefusedError: That is outside of the safety box, another client has the arms, or
                nothing may move now.
            RobotError: The robot refuses.
        """
        if self.preset.space == "joints":
            raise CommandRefusedError(
                f"{self.preset.name} is commanded in joints. Got: a pose. POST /zprl/joints."
            )
        limits = self.preset.arms[arm].safety
        low, high = np.array(limits.low) - MARGIN, np.array(limits.high) + MARGIN
        if not ((low <= position) & (position <= high)).all():
            raise CommandRefusedError(
                f"position must lie in the box of {self.preset.name}, {limits.low} to "
                f"{limits.high} m in the robot's frame. Got: {position.round(4).tolist()}."
            )
        home = Coordinates(self._servos[arm].preset)
        turned = home.vector(np.asarray(quaternion)[np.newaxis])
        if not (np.abs(turned[0]) <= np.array(limits.rotation) + MARGIN).all():
            raise CommandRefusedError(
                f"orientation must be within {limits.rotation} rad of home's of "
                f"{self.preset.name}. Got: {turned[0].round(3).tolist()}."
            )
        self._send(arm, np.concatenate([position, turned[0]]), client)

    def move_joints(self, arm: int, joints: np.ndarray, client: str = NOBODY) -> None:
        """Send one arm's joints somewhere, where they go to within their limits.

        Args:
            arm: Which one's.
            joints: Their positions [rad]. Shape ``(J,)``.
            client: Who asks.

        Raises:
            CommandRefusedError: That is outside of the limits, the task is not commanded in joints,
                another client has the arms, or nothing may move now.
            RobotError: The robot refuses.
        """
        if self.preset.space != "joints":
            raise CommandRefusedError(
                f"{self.preset.name} is commanded in poses. Got: joints. POST /pose."
            )
        limits, joints = self.preset.arms[arm].joint_limits, np.asarray(joints, np.float64)
        if (
            joints.shape != limits.low.shape
            or not ((limits.low - MARGIN <= joints) & (joints <= limits.high + MARGIN)).all()
        ):
            raise CommandRefusedError(
                f"joints must lie in the limits of {self.preset.name}, "
                f"{limits.low.round(4).tolist()} to {limits.high.round(4).tolist()} rad. Got: "
                f"{joints.round(4).tolist()}."
            )
        self._send(arm, joints, client)

    def _send(self, arm: int, motion: np.ndarray, client: str) -> None:
        """Send one arm somewhere, and command it if it is time to.

        A pose that is due and was not passed on yet, for the thread beside is late, is no pose that
        the next one may replace: an arm that was sent two steps at once falls behind.
        """
        servo = self._servos[arm]
        with self._commanding(client):
            if servo.fresh:
                self._pass_on(servo)
            servo.send(motion)
            self._pass_on(servo)

    def _pass_on(self, servo: Servo) -> None:
        """Command an arm if it is time to."""
        if servo.is_due(time.monotonic()):
            servo.advance(time.monotonic())
            self._command()

    def grip(self, arm: int, opening: float, client: str = NOBODY) -> None:
        """Open or close one gripper.

        Args:
            arm: Which one's.
            opening: From 0, closed, to 1, open.
            client: Who asks.

        Raises:
            CommandRefusedError: Another client has the arms, the task has no gripper to command, or
                nothing may move now.
            RobotError: The robot refuses.
        """
        home = self.preset.arms[arm].home.gripper
        if "gripper" not in self.preset.action and abs(opening - home) > MARGIN:
            raise CommandRefusedError(
                f"{self.preset.name} leaves its grippers at home, {home:g}. Got: {opening:g}."
            )
        with self._commanding(client):
            servo = self._servos[arm]
            servo.grip(opening)
            if servo.filter.at_rest:
                self._pass_on(servo)

    def stop(self, reason: str = "a client stopped the arms") -> None:
        """Stop, whoever asks, and keep stopped: latched before the driver is asked.

        It takes effect within a tenth of a second even if another request keeps the robot busy.

        Raises:
            RobotError: The robot could not be told; the stop holds all the same.
        """
        self._halt("operator", reason)

    def hold(self) -> None:
        """Hold still where the arms are; commands move them again."""
        self._tell_to_hold()

    def release(self, client: str = NOBODY) -> None:
        """Release the stop: the arms may be commanded again."""
        self.lease.claim(client)
        self.emergency.release()

    def enable(self, enabled: bool) -> None:
        """Let the arms be commanded or not, as one switches a controller on and off."""
        self._enabled = enabled
        if not enabled:
            self._tell_to_hold()

    def clear(self) -> None:
        """Clear errors: connect to a robot that failed, and have it hold still; a stop holds."""
        with self._lock:
            if self._failed:
                self.robot.connect()
                self.robot.stop()
                self._failed = False
                stop = self.emergency.stop
                if stop is not None and stop.source in OF_DRIVER:
                    self.emergency.release()
                self._forget()

    def home(self, client: str = NOBODY) -> None:
        """Take the arms home; requests but commands are answered meanwhile."""
        with self._lock:
            if self._homing:
                raise CommandRefusedError("The arms go home already. Try again when they are.")
            self._check(client)
            self._homing, self._commanded = True, None
            self._forget()
        try:
            with self._watched():
                self.robot.home()
        finally:
            self._homing = False

    @contextmanager
    def rearranged(self, client: str = NOBODY) -> Iterator[None]:
        """Let a simulated world be laid out anew, with the arms put somewhere else."""
        with self._lock:
            self._check(client)
            self.robot.stop()
            self._forget()
        yield

    def change(self, method: str, parameters: dict[str, Any], arm: int, client: str) -> None:
        """Change a setting of an arm's controller, by the driver's method; nothing is commanded.

        Args:
            method: Name of the method.
            parameters: What it takes.
            arm: Which arm's.
            client: Who asks.

        Raises:
            CommandRefusedError: Another client has the arms.
            ConfigurationError: That is no setting.
            RobotError: The robot refuses.
        """
        self.lease.claim(client)
        with self._lock:
            getattr(self.robot, method)(parameters, arm)

    def close(self) -> None:
        """Brake the arms, stop them and close the robot."""
        self._closed.set()
        self._wake.set()
        self._watch.join(timeout=2.0)
        with suppress(Exception):
            self._brake()
        with suppress(Exception):
            self._tell_to_hold()
        self.robot.close()

    @contextmanager
    def _commanding(self, client: str) -> Iterator[None]:
        """Let a client send the arms somewhere, who are where they are measured to be."""
        until = time.monotonic() + RESTING
        while True:
            with self._lock:
                self._check(client)
                self._was_held()
                with self._watched():
                    why = self._find()
                    if why is None:
                        self._commanded = time.monotonic()
                        yield
                        break
            if time.monotonic() > until:
                with suppress(RobotError):
                    self._halt("watchdog", why)
            time.sleep(self._period)  # in which others may have the robot
        self._wake.set()

    def _find(self) -> str | None:
        """Find arms that are not known to be where their filters are, or tell why they are not."""
        unknown = [servo for servo in self._servos if not servo.known]
        if not unknown:
            return None
        state = self._measured()
        why = self._standstill.fault(state)
        if why is None:
            self._standstill.note_begin()
            for servo in unknown:
                servo.find(state)
        return why

    def _measured(self) -> RobotState:
        """Measure, with poses by kinematics where the robot has none."""
        state = self._coordinates.completed(self.robot.state())
        self._standstill.note_measured(state)
        return state

    def _check(self, client: str) -> None:
        """Refuse a command that must not be obeyed now."""
        stop = self.emergency.stop
        if stop is not None:
            how = "POST /clearerr" if stop.source in OF_DRIVER else "POST /zprl/release"
            raise CommandRefusedError(f"The arms are stopped: {stop.reason}. {how} first.")
        self.lease.claim(client)
        if self._homing:
            raise CommandRefusedError("The arms go home. Try again when they are.")
        if not self._enabled:
            raise CommandRefusedError("The arms are switched off. POST /startimp first.")

    def _command(self) -> None:
        """Send all arms where their filters are; the driver is not asked once they are stopped."""
        if self.emergency.latched or self._was_held():
            return
        self.robot.command(command_of(self._servos))
        self._note_sent()
        if self._was_held() or self.emergency.latched:  # meanwhile; this command came after it
            self.robot.stop()

    def _was_held(self) -> bool:
        """Tell whether somebody held the arms who had no lock; if so all are to be measured anew.

        Only who has the lock changes a filter: another one's might be in the middle of a step.
        """
        if not self._held_beside.is_set():
            return False
        self._held_beside.clear()
        self._commanded = None
        self._forget()
        return True

    def _note_sent(self) -> None:
        """Note that the driver has taken a command."""
        steps = [(s.filter.coordinates / s.filter.nearness)[0, MOTION] for s in self._servos]
        self._standstill.note_sent(np.array(steps), time.monotonic(), self._period)

    def _halt(self, source: Source, reason: str) -> None:
        first = self.emergency.trip(source, reason, time.monotonic())
        try:
            self._tell_to_hold()
        except Exception as error:
            if first:
                self.emergency.amend(f"the robot could not be told to stop: {error}")
            raise RobotError(
                f"The robot could not be told to stop: {error}. No command will be obeyed until "
                "the stop is released; use the robot's own emergency stop."
            ) from error

    def _tell_to_hold(self) -> None:
        alone = self._lock.acquire(timeout=0.1)
        try:
            self._commanded = None
            if not alone:
                self._held_beside.set()
            try:
                self.robot.stop()
            except Exception:
                if alone:
                    self._brake_untold()
                raise
            finally:
                if alone:
                    self._forget()
                else:
                    self._held_beside.set()  # also for a command that came in between
        finally:
            if alone:
                self._lock.release()

    def _brake_untold(self) -> None:
        """Brake by commands where the driver could not be told to stop, as far as it takes them."""
        with suppress(Exception):
            if any(not servo.filter.at_rest for servo in self._servos):
                time.sleep(max(0.0, max(s.due for s in self._servos) - time.monotonic()))
            for _ in self._standstill.periods_to_rest(
                lambda: all(servo.filter.told_to_rest for servo in self._servos)
            ):
                for servo in self._servos:
                    servo.advance(time.monotonic(), brake=True)
                self.robot.command(command_of(self._servos))
                self._note_sent()
                time.sleep(self._period)

    def _forget(self) -> None:
        for servo in self._servos:
            servo.hold()
        self._standstill.note_held()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember a failure, which clearing errors repairs."""
        try:
            yield
        except RobotError:
            self._failed = True
            raise

    def _go_on(self) -> None:
        """Go on between the clients' commands, and brake after a silence: the thread's work.

        Nothing that fails ends it: it stops the arms, and goes on.
        """
        while not self._closed.is_set():
            moving = any(s.moving or s.fresh for s in self._servos)
            self._wake.wait(self._period / 4 if moving else self._dead_man / 5)
            self._wake.clear()
            try:
                with self._lock:
                    self._step()
            except Exception as error:
                self._failed = self._failed or isinstance(error, RobotError)
                with suppress(Exception):
                    self._halt(source_of(error), str(error))

    def _step(self) -> None:
        """Do what is due."""
        self._was_held()
        now = time.monotonic()
        commanded = self._commanded
        if self._homing or self.emergency.latched or commanded is None:
            return
        silent = now - commanded > self._dead_man
        if silent and not any(s.moving for s in self._servos):
            self._commanded = None
            for servo in self._servos:
                servo.known = False  # whoever moves them next has to look where they are
            self.stops += 1
            self.robot.stop()
            return
        due = [s for s in self._servos if s.is_due(now)]
        for servo in due:
            servo.advance(now, brake=silent)
        if due:
            self._command()

    def _brake(self) -> None:
        """Bring moving arms to rest, one command per period."""
        with self._lock:
            while any(not s.filter.at_rest for s in self._servos) and not self.emergency.latched:
                for servo in self._servos:
                    servo.advance(time.monotonic(), brake=True)
                self._command()
                time.sleep(self._period)
