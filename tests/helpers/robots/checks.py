"""What a robot was told, looked at by somebody who knows nothing of how it came about."""

from __future__ import annotations

from benchmarks.tools.limits import violations
from real.drivers.ideal import IdealRobot
from real.robot import RobotCommand

__all__ = ["Witness", "violations"]


class Witness(IdealRobot):
    """An ideal robot that remembers each stretch of commands, and where the arms were before it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.stretches: list[list[RobotCommand]] = [[self._sent]]
        self.stamps: list[float] = []
        self.stops = 0

    def command(self, command):
        super().command(command)
        self.stretches[-1].append(command)
        self.stamps.append(self.clock.now())

    def stop(self):
        self.stops += 1
        self.stretches.append([self._sent])
        super().stop()

    def home(self):
        super().home()
        self.stretches.append([self._sent])
