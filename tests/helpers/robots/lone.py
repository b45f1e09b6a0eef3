"""The only arm of a laboratory, the same for every driver object; one at a time may have it."""

from __future__ import annotations

import numpy as np

from real.robot import RobotCommand, RobotError
from real.tasks.coordinates import MOTION, Coordinates
from tests.helpers.robots.coasting import CoastingRobot


class LoneArm(CoastingRobot):
    """Flies on in silence; its port is exclusive, and laying out a scene moves no arm.

    Attributes:
        arm: The arm, which is there before and after any driver of it.
        owner: The driver that has its port.
        steps: How far each command was from where the arm was, over what it may move in a period.
        speeds: Speed with which each driver left it [m/s].
        signals: Numbers of commands with which a test has sent a signal.
    """

    arm: CoastingRobot = None  # type: ignore[assignment]
    owner: LoneArm | None = None
    steps: list[float] = []  # noqa: RUF012
    speeds: list[float] = []  # noqa: RUF012
    signals: list[int] = []  # noqa: RUF012

    def __init__(self, preset) -> None:
        if LoneArm.arm is None:
            LoneArm.arm = CoastingRobot(preset)
        super().__init__(preset)
        self.clock = LoneArm.arm.clock
        limits = preset.arms[0].safety
        most = [limits.velocity] * 3 + [limits.angular_velocity] * 3
        self._most = np.array(most) / preset.control_rate

    @classmethod
    def forget(cls) -> None:
        """Begin anew, with the arm at home."""
        cls.arm, cls.owner = None, None  # type: ignore[assignment]
        cls.steps, cls.speeds, cls.signals = [], [], []

    @classmethod
    def fast(cls) -> bool:
        """Tell whether the arm flies at more than 0.1 m/s."""
        return bool(np.linalg.norm(cls.arm.state().linear_velocity) > 0.1)

    @classmethod
    def push(cls, y: float = -0.2) -> None:
        """Move the arm aside by hand [m]."""
        arm = cls.arm
        here = arm._coordinates.of(arm._here())
        here[0, :3] = 0.4, y, 0.2
        arm.place(here)

    def connect(self) -> None:
        if LoneArm.owner not in (None, self):
            raise RobotError("The port must be free. Got: busy.")
        LoneArm.owner = self

    def state(self):
        self._mine()
        return LoneArm.arm.state()

    def command(self, command: RobotCommand) -> None:
        self._mine()
        coordinates: Coordinates = self._coordinates
        away = coordinates.of(command) - coordinates.of(LoneArm.arm._here())
        LoneArm.steps.append(float((np.abs(away[:, MOTION]) / self._most).max()))
        LoneArm.arm.command(command)

    def stop(self) -> None:
        self._mine()
        LoneArm.arm.stop()

    def home(self) -> None:
        self._mine()
        LoneArm.arm.home()

    def close(self) -> None:
        if LoneArm.owner is self:
            LoneArm.speeds.append(float(np.linalg.norm(LoneArm.arm.state().linear_velocity)))
            LoneArm.owner = None

    def reset_scene(self, seed) -> None:
        self._mine()

    def success(self) -> bool:
        return False

    def _mine(self) -> None:
        if LoneArm.owner is not self:
            raise RobotError("The port must be open. Got: not mine.")
