"""A driver that loses its robot once, in the middle of an episode."""

from __future__ import annotations

from real.drivers.ideal import IdealRobot


class FailingRobot(IdealRobot):
    """Is disconnected a while after it was laid out for the first time, until it connects again."""

    failed = False

    def __init__(self, preset, *, realtime=False):
        super().__init__(preset, realtime=realtime)
        self.moves = 0

    def command(self, command):
        self.moves += 1
        if self.moves == 12 and not self.failed:
            self.failed, self.fault = True, "disconnected"
        super().command(command)

    def reset_scene(self, seed):
        super().reset_scene(seed)
        self.moves = 0
