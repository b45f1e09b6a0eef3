"""The remote robot driver: a simulated robot served over HTTP by another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from real.drivers.serl import SerlRobot
from real.network.connection import HttpConnection
from real.robot import RobotError, Space

PATIENCE = 10.0
"""Time that laying out a scene or drawing a picture may take [s]."""


class RemoteRobot(SerlRobot):
    """A robot served by ``python -m real.server``: SERL's interface, with scene and cameras.

    The settings are those of :class:`real.drivers.serl.SerlRobot`.
    """

    _pictures: HttpConnection | None = None
    """Of its own: pictures are asked for by another thread, and no command waits for one."""

    accepts: tuple[Space, ...] = ("pose", "joints")
    """Spaces that it may be commanded in: what the server's task is."""
    _closed = False
    filtered = True
    """Whether commands are filtered once more, so that they are to keep slightly tighter limits."""

    def connect(self) -> None:
        """Reach the robot; see `real.robot.Robot.connect`."""
        super().connect()
        self._closed = False

    def close(self) -> None:
        """Stop, and disconnect; see `real.robot.Robot.close`."""
        super().close()
        self._closed = True
        if self._pictures is not None:
            self._pictures.close()

    def reset_scene(self, seed: int | None) -> None:
        """Lay out the task's objects as the seed says, and put the arms exactly at home."""
        self._servers[0].post("/zprl/reset_scene", {"seed": seed}, timeout=PATIENCE)
        self._counts = [None] * self.n_arms
        self.state()

    def success(self) -> bool:
        """Tell whether the task was done at the newest measurement; the scene's own criterion."""
        done = self.added.get("success")
        if not isinstance(done, bool):
            raise RobotError(
                f"The server must say whether the task is done. Got: {done}. Does it serve a "
                "simulated robot?"
            )
        return done

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures. Shape ``(H, W, 3)`` each, uint8."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        if self._closed:
            raise RobotError("The robot must be connected. Got: close(). Try connect().")
        if self._pictures is None:
            self._pictures = self._servers[0].another()
        reply = self._pictures.post("/zprl/images", {"names": [*names]}, timeout=PATIENCE)
        try:
            pictures: dict[str, np.ndarray] = load(reply)
        except SafetensorError as error:
            raise RobotError(f"pictures must come as safetensors. Got: {error}.") from error
        fits = all(p.ndim == 3 and p.dtype == np.uint8 for p in pictures.values())
        if {*pictures} != {*names} or not fits:
            raise RobotError(f"pictures must be of {', '.join(names)}. Got: {[*pictures]}.")
        return pictures
