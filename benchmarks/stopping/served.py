"""A watched robot behind the HTTP interface: server, application and client, on loopback."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from benchmarks.stopping.robots import WatchedCoasting
from real.drivers.serl import SerlRobot
from real.network.gate import Gate
from real.network.served_robot import ServedRobot
from real.robot import RobotError, RobotState
from real.tasks.preset import Preset
from zprl_env.errors import ZprlError

DEAD_MAN = 0.5
"""Silence after which the server brakes the arms, as by default [s]."""
PATIENCE = 10.0
"""Time that the server gets to begin and to end [s]."""


class WatchedServed(SerlRobot):
    """Client of a server whose robot flies on in silence and is watched, on the server's side.

    Server and client are in one process: what is between them is the same HTTP application, with
    its filter, lease, stop and dead man's silence, over a connection on loopback.

    Args:
        preset: The task.

    Attributes:
        robot: The robot behind the server.
        cut: Whether the client is cut off, for all it wants to say.
    """

    filtered = True
    """Whether commands are filtered once more, so that they are to keep slightly tighter limits."""

    def __init__(self, preset: Preset) -> None:
        self.robot = WatchedCoasting(preset, realtime=True)
        self.robot.connect()
        self.served = ServedRobot(self.robot, preset, dead_man=DEAD_MAN)
        self._server, self._thread, port = _serve(self.served)
        super().__init__(preset, url=f"http://127.0.0.1:{port}", timeout=0.6)
        self.cut = self._ended = False

    def __getattr__(self, name: str) -> Any:
        """Return what a laboratory sees of the robot behind the server, or does to it."""
        if name in ("broken", "stretches", "stopped", "speed", "left_with", "told", "push"):
            return getattr(self.robot, name)
        raise AttributeError(name)

    @property
    def blocking(self) -> str | None:
        """Method of the robot that takes a second."""
        return self.robot.blocking

    @blocking.setter
    def blocking(self, name: str | None) -> None:
        self.robot.blocking = name

    @property
    def spoil(self) -> Any:
        """Change of the robot's measurements, if there is one."""
        return self.robot.spoil

    @spoil.setter
    def spoil(self, spoil: Any) -> None:
        self.robot.spoil = spoil

    def lose(self) -> None:
        """Lose the connection, the stop's and the heart's included."""
        self.cut = True
        self._heart.stop()

    def heal(self) -> None:
        """Repair whatever is broken."""
        self.cut = False
        self.robot.heal()

    def connect(self) -> None:
        """Reach the robot; see `real.robot.Robot.connect`."""
        self._check()
        super().connect()

    def state(self) -> RobotState:
        """Measure; see `real.robot.Robot.state`."""
        self._check()
        return super().state()

    def command(self, command: Any) -> None:
        """Send the arms somewhere; see `real.robot.Robot.command`."""
        self._check()
        super().command(command)

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self._check()
        super().stop()

    def home(self) -> None:
        """Rest the joints; see `real.robot.Robot.home`."""
        self._check()
        super().home()

    def close(self) -> None:
        """End the client, look how fast the robot is after a while, and end the server."""
        if self._ended:
            return
        self._ended = True
        servers = self._servers
        if self.cut:
            self._servers = []  # nothing of it gets through
        with suppress(Exception):
            super().close()
        for server in servers:
            server.close()
        time.sleep(DEAD_MAN + 0.7)
        left_with = self.robot.speed
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self.served.close()
        self.robot.left_with = max(left_with, self.robot.left_with)

    def _check(self) -> None:
        if self.cut:
            raise RobotError("The server must answer. Got: nothing, the cable is cut.")


def _serve(served: ServedRobot) -> tuple[Any, threading.Thread, int]:
    """Serve a robot from a thread; the server, the thread and the port."""
    import uvicorn

    from real.network.app import make_app

    config = uvicorn.Config(
        Gate(make_app(served), None, "127.0.0.1"),
        host="127.0.0.1",
        port=0,
        access_log=False,
        log_level="critical",
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > until:
            raise ZprlError(f"A server must begin within {PATIENCE:g} s. Got: none.")
        time.sleep(0.005)
    return server, thread, server.servers[0].sockets[0].getsockname()[1]
