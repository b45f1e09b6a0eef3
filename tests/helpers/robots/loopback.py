"""What stand-ins for controllers have in common: an arm that follows its target, ports, a process.

Each is a process of its own: a client library may let no other thread of Python's run while it
connects, and a controller that is switched off is a process that is killed.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from tests.helpers.robots.child import Child, answer

RATE = 250.0
LAG = 0.06
"""Time that servoing is behind its target [s]."""
HOMING = 0.1
"""The same of the way home [s]."""


class Controller(Child):
    """A controller and its arm in a process of its own, until it is switched off.

    Args:
        module: What stands in for it.
        host: Its address on loopback.
        home: Where the tool is in the posture: position [m] and rotation vector [rad].
        posture: Where it goes by its joints [rad].
    """

    def __init__(self, module: str, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        super().__init__(module, host, json.dumps([[*home], [*posture]]))

    @property
    def pose(self) -> np.ndarray:
        """The tool's position [m] and rotation vector [rad]. Shape ``(6,)``."""
        return np.array(self.ask("pose"))

    @property
    def heard(self) -> list[int]:
        """Numbers of the commands that came, in order, without repetition."""
        heard: list[int] = self.ask("heard")
        return heard


class LoopbackArm:
    """An arm, a little behind where it is sent, and the ports that it is spoken to at.

    Attributes:
        pose: The tool's position [m] and rotation vector [rad].
        joints: Joint angles [rad]. They and the pose know nothing of each other.
        speed: Its velocity [m/s, rad/s].
        turning: The joints' [rad/s].
        target: Where the tool servos to, if it does.
        goal: Where the joints go, if they do.
        heard: Numbers of the commands that came.
    """

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        self.host, self.heard = host, [0]
        self.pose, self.joints = home + np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.0]), posture + 0.3
        self.speed, self.turning = np.zeros(6), np.zeros(len(posture))
        self.target: np.ndarray | None = None
        self.goal: np.ndarray | None = None
        self.lag = LAG
        self._home, self._posture = home, posture

    def begin(self, ports: Mapping[int, Callable[[socket.socket], None]]) -> None:
        """Move, and speak at some ports."""
        for port, speak in ports.items():
            self._listen(port, speak)
        threading.Thread(target=self._move, daemon=True).start()

    def hear(self, command: int) -> None:
        """Note a command."""
        if command != self.heard[-1]:
            self.heard.append(command)

    def hold(self) -> None:
        """Stay where it is."""
        self.target = self.goal = None

    def go(self, goal: np.ndarray, lag: float = HOMING) -> None:
        """Have the joints go somewhere; the tool comes along to home with the posture."""
        self.target, self.lag = self._home if np.allclose(goal, self._posture) else None, lag
        self.goal = goal

    def servo(self, target: np.ndarray) -> None:
        """Have the tool go to a position [m] and a rotation vector [rad]."""
        self.target, self.goal, self.lag = target, None, LAG

    def _listen(self, port: int, speak: Callable[[socket.socket], None]) -> None:
        listener = socket.create_server((self.host, port))

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

        def guarded(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                speak(connection)

        threading.Thread(target=accept, daemon=True).start()

    def _move(self) -> None:
        period = 1.0 / RATE
        due = time.monotonic()
        while True:
            share, target, goal = period / self.lag, self.target, self.goal
            speed, turning = np.zeros(6), np.zeros_like(self.joints)
            if target is not None:
                here = Rotation.from_rotvec(self.pose[3:])
                turn = (Rotation.from_rotvec(target[3:]) * here.inv()).as_rotvec()
                gone = share * np.concatenate([target[:3] - self.pose[:3], turn])
                turned = Rotation.from_rotvec(gone[3:]) * here
                self.pose = np.concatenate([self.pose[:3] + gone[:3], turned.as_rotvec()])
                speed = gone / period
            if goal is not None:
                turning = (goal - self.joints) * share / period
                self.joints = self.joints + turning * period
            self.speed, self.turning = speed, turning
            due += period
            time.sleep(max(0.0, due - time.monotonic()))


def read(connection: socket.socket, size: int) -> bytes:
    """Read as many bytes.

    Raises:
        ConnectionError: There are no more.
    """
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise ConnectionError("closed")
        got += part
    return got


def serve(kind: Callable[..., Any], extra: Callable[[Any, dict[str, Any]], Any]) -> None:
    """Be a controller's process: an arm of this kind, and answers to whoever started it."""
    home, posture = map(np.array, json.loads(sys.argv[2]))
    arm = kind(sys.argv[1], home, posture)
    answer(arm.host)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["what"] == "heard":
            answer(arm.heard)
        elif asked["what"] == "pose":
            answer([*arm.pose])
        else:
            answer(extra(arm, asked))
