"""The LeRobot driver: any robot of LeRobot's that is commanded in joint positions.

No hardware has been tried by us: begin with small limits and a hand on the power switch. Tested
with LeRobot 0.4.4, its dummy robot and the SO-101 arm in MuJoCo.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from itertools import chain
from typing import Any

import numpy as np

from real.clock import WallClock
from real.robot import JointCommand, RobotError, RobotState
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, MissingExtraError, UnknownNameError

ENDING = ".pos"
"""Ending of the names of joint positions."""
PLUGIN = "lerobot_robot_"
"""Beginning of the names of packages with robots, by LeRobot's convention."""
GRIPPER = "gripper"
"""Part of the names of grippers, which are no joints."""
PATIENCE = 0.2
"""Time that a stop waits for the call that is under way [s]; the line to the motors is one."""
PEAK = 1.875
"""Largest velocity of the way home, in multiples of its mean."""


class LeRobotRobot:
    """A robot of LeRobot's, as ``lerobot:so101_follower``, whose motors hold where they were sent.

    It runs in LeRobot's interpreter; ``python -m real.server`` there serves it to this package's.
    Joints are all that its actions name and that is no gripper, in their order. Its motors keep
    their torque when the process is lost, and when it ends.

    Args:
        preset: The task, whose actions are joints.
        robot: Its type, as LeRobot's own commands take it: ``so101_follower``.
        degrees: Whether the joints' unit is a degree, and not a radian.
        gripper: What the grippers' positions are closed and open.
        **config: LeRobot's own settings of the robot, such as ``port`` and ``id``.

    Raises:
        MissingExtraError: LeRobot is not installed.
        UnknownNameError: It has no such robot, installed plugins included.
        ConfigurationError: A setting is unknown, or its joints are not the preset's.
    """

    accepts = ("joints",)

    def __init__(
        self,
        preset: Preset,
        *,
        robot: str,
        degrees: bool = True,
        gripper: tuple[float, float] = (0.0, 100.0),
        **config: Any,
    ) -> None:
        self.clock = WallClock()
        self.n_arms = len(preset.arms)
        self._unit = np.pi / 180.0 if degrees else 1.0
        self._closed, self._width = gripper[0], gripper[1] - gripper[0]
        self._robot, settings = _make(robot, config)
        if settings.get("port"):
            self.address = str(settings["port"])
        names = [name for name in self._robot.action_features if name.endswith(ENDING)]
        self._grippers = [name for name in names if GRIPPER in name]
        joints = [name for name in names if GRIPPER not in name]
        counts = [arm.joints for arm in preset.arms]
        if len(joints) != sum(counts) or len(self._grippers) not in (0, self.n_arms):
            raise ConfigurationError(
                f"The arms of {preset.name} must have the joints of {robot}. Got: {counts} joints, "
                f"and {', '.join(names) or 'no joints at all'}."
            )
        self._joints = [joints[sum(counts[:n]) : sum(counts[: n + 1])] for n in range(self.n_arms)]
        self._preset, self._period = preset, 1.0 / preset.control_rate
        self._line = threading.Lock()
        self._held: dict[str, float] | None = None
        self._gripping: dict[str, float] = {}
        self._stops, self._connected = 0, False

    def connect(self) -> None:
        """Reach the motors; a second call reconnects where they do not answer."""
        with self._told("connect"):
            if self._robot.is_connected:
                with suppress(Exception):
                    self._robot.get_observation()
                    self._connected = True
                    return
                self._robot.disconnect()
            self._robot.connect(calibrate=False)
            if not self._robot.is_calibrated:
                raise RobotError(
                    f"{self._robot} must be calibrated. Got: no calibration. Run lerobot-calibrate."
                )
        self._connected, self._held = True, None

    def state(self) -> RobotState:
        """Return the positions of all joints; LeRobot tells no velocities."""
        with self._told("measure"):
            stamp = self.clock.now()
            measured = self._robot.get_observation()
        joints = [self._unit * _values(measured, names) for names in self._joints]
        gripper = np.ones(self.n_arms)
        if self._grippers:
            gripper = (_values(measured, self._grippers) - self._closed) / self._width
        return RobotState.of_joints(stamp, joints, np.clip(gripper, 0.0, 1.0))

    def command(self, command: JointCommand) -> None:
        """Send the motors their goals."""
        if not (np.isfinite(command.joints).all() and np.isfinite(command.gripper).all()):
            raise RobotError(f"A command must be finite. Got: {command}.")
        stops = self._stops
        action = self._action(command.joints, command.gripper)
        with self._told("obey"):
            if self._stops == stops:  # or else somebody has stopped it meanwhile
                self._robot.send_action(action)
                self._held = None  # but what grippers hold they go on holding
                self._gripping = {name: action[name] for name in self._grippers}

    def stop(self) -> None:
        """Send the motors where they are; a second time the same, or gravity would win slowly."""
        self._stops += 1
        with self._told("stop", PATIENCE):
            if self._held is None:
                measured = self._robot.get_observation()
                names = [*chain.from_iterable(self._joints), *self._grippers]
                self._held = {name: float(measured[name]) for name in names} | self._gripping
            self._robot.send_action({**self._held})

    def home(self) -> None:
        """Take the joints to the preset's posture, all in the time that the slowest needs."""
        stops, state = self._stops, self.state()
        begin = np.array(state.joints)
        end = np.array([arm.posture for arm in self._preset.arms])
        fastest = np.array([arm.joint_limits.velocity for arm in self._preset.arms])
        needed = np.abs(end - begin) / (self._preset.reset_speed * fastest)
        periods = int(np.ceil(PEAK * needed.max() / self._period)) + 1
        due = time.monotonic()
        for share in np.linspace(0.0, 1.0, periods + 1)[1:]:
            if self._stops != stops:
                raise RobotError("The arms were stopped on their way home.")
            smooth = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
            self.command(JointCommand(begin + smooth * (end - begin), state.gripper))
            due += self._period
            time.sleep(max(0.0, due - time.monotonic()))

    def close(self) -> None:
        """Stop and let go of the line; the motors keep their torque."""
        if not self._connected:
            return
        with suppress(RobotError):
            self.stop()
        self._connected = False
        with suppress(Exception):
            self._robot.disconnect()

    def _action(self, joints: np.ndarray, gripper: np.ndarray) -> dict[str, float]:
        """Name the goals of all motors."""
        action: dict[str, float] = {}
        for names, values in zip(self._joints, joints, strict=True):
            action |= {n: float(v) for n, v in zip(names, values / self._unit, strict=True)}
        for name, opening in zip(self._grippers, gripper, strict=False):
            action[name] = float(self._closed + opening * self._width)
        return action

    @contextmanager
    def _told(self, what: str, patience: float = -1.0) -> Iterator[None]:
        """Have the line to the motors alone, and tell LeRobot's failures as a robot's."""
        if not self._connected and what != "connect":
            raise RobotError("The robot must be connected. Got: close(). Try connect().")
        alone = self._line.acquire(timeout=patience)
        try:
            yield
        except RobotError:
            raise
        except Exception as error:
            raise RobotError(
                f"{self._robot} must {what}. Got: {type(error).__name__}: {error}. Is it plugged "
                "in and switched on?"
            ) from error
        finally:
            if alone:
                self._line.release()


def _make(name: str, config: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Make LeRobot's robot of a type, and return its settings."""
    try:
        from lerobot import robots
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "lerobot", "lerobot-robot") from None
    modules = [module.name for module in pkgutil.iter_modules(robots.__path__, "lerobot.robots.")]
    modules += [m.name for m in pkgutil.iter_modules() if m.name.startswith(PLUGIN)]
    for module in modules:
        with suppress(ImportError):  # which lacks what only other robots need
            importlib.import_module(module)
    known = robots.RobotConfig.get_known_choices()
    if name not in known:
        raise UnknownNameError("robot of LeRobot's", name, [*known])
    kind = known[name]
    settings = {field.name: field for field in fields(kind)}
    # A robot that lets go of its torque falls.
    stiff = {"use_degrees": True, "disable_torque_on_disconnect": False}
    chosen = {key: value for key, value in stiff.items() if key in settings} | {**config}
    if unknown := [key for key in chosen if key not in settings]:
        raise ConfigurationError(
            f"{name} of LeRobot's takes: {', '.join(settings)}. Got: {', '.join(unknown)}."
        )
    try:
        made = robots.make_robot_from_config(kind(**chosen))
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigurationError(f"{name} of LeRobot's cannot be made: {error}.") from None
    return made, chosen


def _values(measured: Mapping[str, Any], names: list[str]) -> np.ndarray:
    return np.array([float(measured[name]) for name in names])
