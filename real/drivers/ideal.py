"""The ideal robot driver, without physics: obeys perfectly and fails on request, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from real.clock import Clock, SimulatedClock, WallClock
from real.robot import JointCommand, ReflexError, RobotCommand, RobotError, RobotState, Space
from real.tasks import rotation
from real.tasks.coordinates import coordinates_of
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, UnknownNameError

FAULTS = (
    "disconnected",
    "gone",
    "frozen",
    "stale",
    "rejecting",
    "malformed",
    "slow",
    "stuck",
    "reflex",
)
"""``disconnected``: nothing answers, until it is connected again; ``gone``: not even then.
``frozen``: the state stays as it was. ``stale``: its time stamps are a second old. ``rejecting``:
commands are refused. ``malformed``: a measurement is NaN. ``slow``: every answer takes a second.
``stuck``: the arms do not move. ``reflex``: its own protection has stopped it, until it is
connected again."""

REACHED = 0.03
"""Distance to the first object at which the scene calls the task done [m]."""


class IdealRobot:
    """A robot without physics, which is where it was last sent, exactly and at once.

    Its scene is a task for tests: objects lie about in the first arm's box, and success is to bring
    the first arm to the first of them.

    Args:
        preset: The task.
        realtime: Whether time passes by itself or when it is waited for.
        faults: What begins to go wrong, by how many commands were given before; None ends it.
            JSON's keys, which are words, will do.

    Attributes:
        fault: What goes wrong now; one of `FAULTS`, or None.

    Raises:
        UnknownNameError: There is no such fault.
        ConfigurationError: A fault does not begin at a number of commands.

    Example:
        >>> from real.tasks.files import load_preset
        >>> robot = IdealRobot(load_preset("place-orange"), faults={100: "frozen"})
        >>> robot.connect()
        >>> robot.state().position.tolist()
        [[0.42, 0.0, 0.28]]
    """

    own_world = True
    """Whether every object is a robot of its own, which no other process can have."""
    accepts: tuple[Space, ...] = ("pose", "joints")
    """Spaces that it may be commanded in."""

    def __init__(
        self,
        preset: Preset,
        *,
        realtime: bool = False,
        faults: Mapping[int | str, str | None] | None = None,
    ) -> None:
        self.clock: Clock = WallClock() if realtime else SimulatedClock()
        self.n_arms = len(preset.arms)
        self.fault: str | None = None
        self._faults = {}
        for key, fault in (faults or {}).items():
            begin = int(key) if isinstance(key, str) and key.isdecimal() else key
            if fault is not None and fault not in FAULTS:
                raise UnknownNameError("fault", fault, FAULTS)
            if not isinstance(begin, int) or begin < 0:
                raise ConfigurationError(
                    f"A fault must begin after a number of commands. Got: {begin!r}."
                )
            self._faults[begin] = fault
        self._preset = preset
        self._coordinates = coordinates_of(preset)
        self._home: Any = self._coordinates.command(self._coordinates.home)
        self._sent = self._before = self._home
        self._objects: dict[str, np.ndarray] = {}
        self._commands = 0
        self._connected = False
        self._frozen: RobotState | None = None
        self._place(np.random.default_rng(0))

    def connect(self) -> None:
        """Connect, which repairs all faults but ``"gone"``.

        Raises:
            RobotError: It is gone.
        """
        if self.fault == "gone":
            raise RobotError("The robot must be there. Got: no answer. Try to switch it on.")
        self.fault, self._frozen, self._connected = None, None, True

    def state(self) -> RobotState:
        """Return the newest measurement.

        Raises:
            RobotError: It is not connected.
        """
        self._answer()
        self._have_no_reflex()
        if self.fault == "frozen" and self._frozen is not None:
            return self._frozen
        state = self._measured(self.clock.now() - (self.fault == "stale"))
        if self.fault == "malformed":
            spoilt = "position" if self._preset.space == "pose" else "gripper"
            state = replace(state, **{spoilt: np.full_like(getattr(state, spoilt), np.nan)})
        self._frozen = state
        return state

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Move to the command's place at once.

        Raises:
            RobotError: It is not connected, or refuses.
        """
        self.fault = self._faults.get(self._commands, self.fault)
        self._commands += 1
        self._answer()
        self._have_no_reflex()
        if self.fault == "rejecting":
            raise RobotError("The robot must accept commands. Got: a refusal. Clear its errors.")
        if self.fault != "stuck":
            copies = [values.copy() for values in vars(command).values()]
            self._before, self._sent = self._sent, type(command)(*copies)

    def stop(self) -> None:
        """Hold still.

        Raises:
            RobotError: It is not connected.
        """
        self._answer()
        self._before = self._sent

    def home(self) -> None:
        """Move home at once.

        Raises:
            RobotError: It is not connected.
        """
        self._answer()
        self._before = self._sent = self._home

    def close(self) -> None:
        """Disconnect."""
        self._connected = False

    def reset_scene(self, seed: int | None) -> None:
        """Lay out the objects as the seed says, and move home."""
        self.home()
        self._place(np.random.default_rng(seed))

    def success(self) -> bool:
        """Tell whether the first arm is at the first object."""
        if not self._objects:
            return False
        first = next(iter(self._objects.values()))
        return bool(np.linalg.norm(self._measured(0.0).position[0] - first[:3]) < REACHED)

    def images(self, names: Any) -> Mapping[str, np.ndarray]:
        """Draw the first arm as a point of its box, seen from above. Shape ``(64, 64, 3)``.

        Raises:
            RobotError: There is no such camera.
        """
        if unknown := [name for name in names if name not in self._preset.cameras]:
            raise RobotError(
                f"Cameras must be among {', '.join(self._preset.cameras)}. Got: {unknown}."
            )
        limits, image = self._preset.arms[0].safety, np.zeros((64, 64, 3), np.uint8)
        low, high = np.array(limits.low), np.array(limits.high)
        share = np.nan_to_num((self._measured(0.0).position[0] - low) / (high - low))
        row, column = np.clip(63 * share[:2], 0, 63).astype(int)
        image[row, column] = 255
        return {name: image.copy() for name in names}

    def _measured(self, stamp: float) -> RobotState:
        """Return what there is to measure."""
        sent, before, rate = self._sent, self._before, self._preset.control_rate
        objects = {name: pose.copy() for name, pose in self._objects.items()}
        if isinstance(sent, JointCommand):
            speeds = rate * (sent.joints - before.joints)
            state = RobotState.of_joints(
                stamp, [*sent.joints.copy()], sent.gripper.copy(), velocities=[*speeds]
            )
            return replace(self._coordinates.completed(state), objects=objects)
        return RobotState(
            stamp=stamp,
            position=sent.position.copy(),
            quaternion=sent.quaternion.copy(),
            linear_velocity=rate * (sent.position - before.position),
            angular_velocity=rate * _turn(before.quaternion, sent.quaternion),
            gripper=sent.gripper.copy(),
            joints=tuple(np.zeros(arm.joints) for arm in self._preset.arms),
            objects=objects,
        )

    def _have_no_reflex(self) -> None:
        """Tell of a reflex, which does not keep anybody from stopping it once more."""
        if self.fault == "reflex":
            raise ReflexError("The robot's own protection must not act. Got: a collision.")

    def _answer(self) -> None:
        """Answer, as well as the fault allows."""
        if self.fault in ("disconnected", "gone"):
            self._connected = False
        if self.fault == "slow":
            self.clock.sleep_until(self.clock.now() + 1.0)
        if not self._connected:
            raise RobotError("The robot must be connected. Got: no answer. Connect to it again.")

    def _place(self, rng: np.random.Generator) -> None:
        """Lay the objects somewhere in the middle of the first arm's box."""
        limits = self._preset.arms[0].safety
        low, high = np.array(limits.low), np.array(limits.high)
        for name in self._preset.objects:
            position = low + rng.uniform(0.25, 0.75, 3) * (high - low)
            self._objects[name] = np.array([*position, 1.0, 0.0, 0.0, 0.0])


def _turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the rotation vectors between orientations, in the base frame. Shape ``(N, 3)``."""
    return rotation.to_vector(rotation.multiply(after, rotation.inverse(before)))
