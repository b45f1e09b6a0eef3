"""A stand-in for a UR controller: RTDE, dashboard, script port and Robotiq's URCap on loopback.

Facts from Universal Robots' RTDE guide and from what ur_rtde 1.6 sends. It does not run URScript:
of ur_rtde's script it obeys servoL, servoStop, moveJ, stopJ and the script's end. It is a process
of its own, for ur_rtde lets no other thread of Python's run while it connects.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.helpers.robots.child import Child, answer

FORMATS = {"DOUBLE": "d", "INT32": "i", "UINT32": "I", "VECTOR6D": "6d", "UINT8": "B", "BOOL": "?"}
KINDS = {
    "timestamp": "DOUBLE",
    "safety_mode": "INT32",
    "speed_slider_mask": "UINT32",
    "speed_slider_fraction": "DOUBLE",
    "ft_rtde_input_enable": "BOOL",
    "robot_status_bits": "UINT32",
    "safety_status_bits": "UINT32",
    "runtime_state": "UINT32",
    "int_register": "INT32",
    "double_register": "DOUBLE",
    "bit_register": "BOOL",
    "standard_analog": "DOUBLE",
    "digital_output": "UINT8",
    "standard_digital": "UINT8",
    "tool_digital": "UINT8",
}
VERSION, CONTROLLER, TEXT, DATA, INPUTS, OUTPUTS, START = 86, 118, 77, 85, 73, 79, 83
MOVE, SERVO_STOP, SERVO, STOP_JOINTS, END = 1, 16, 24, 34, 255
RATE = 250.0
LAG = 0.06
"""Time that servoing is behind its target [s]."""


class URController(Child):
    """A controller and its arm, until it is switched off.

    Args:
        host: Its address on loopback.
        home: Where the tool is in the posture: position [m] and rotation vector [rad].
        posture: What moveJ goes to [rad].
    """

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        numbers = json.dumps([[*home], [*posture]])
        super().__init__("tests.helpers.robots.ur_controller", host, numbers)

    @property
    def pose(self) -> np.ndarray:
        """The tool's position [m] and rotation vector [rad]. Shape ``(6,)``."""
        return np.array(self.ask("pose"))

    @property
    def heard(self) -> list[int]:
        """Numbers of the commands that came, in order, without repetition."""
        heard: list[int] = self.ask("heard")
        return heard

    def set_safety(self, mode: int) -> None:
        """Have it in a safety mode: 1 is normal, 3 a protective stop."""
        self.ask("safety", mode=mode)


class _Arm:
    """The arm, and what speaks for it."""

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        self.host, self.safety, self.heard = host, 1, [0]
        self.pose, self.joints = home + np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.0]), posture + 0.3
        self._home, self._posture = home, posture
        self._speed, self._turning = np.zeros(6), np.zeros(6)
        self._target: np.ndarray | None = None
        self._running, self._homing, self._ready, self._grip = False, False, 0, 3
        for port, speak in self._ports():
            self._listen(port, speak)
        threading.Thread(target=self._move, daemon=True).start()

    def _ports(self) -> list[tuple[int, Callable[[socket.socket], None]]]:
        return [
            (30004, self._speak_rtde),
            (29999, self._speak_dashboard),
            (30003, self._take_script),
            (63352, self._speak_gripper),
        ]

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
        """Follow the target, as servoing does: a little behind it, and at rest once it stays."""
        period = 1.0 / RATE
        due = time.monotonic()
        while True:
            before, joints = self.pose.copy(), self.joints.copy()
            if self._homing:
                share = min(1.0, period / 0.1)
                self.pose = self.pose + share * (self._home - self.pose)
                self.joints = self.joints + share * (self._posture - self.joints)
            elif self._target is not None:
                self.pose = self.pose + (period / LAG) * (self._target - self.pose)
            self._speed, self._turning = (
                (self.pose - before) / period,
                (self.joints - joints) / period,
            )
            due += period
            time.sleep(max(0.0, due - time.monotonic()))

    def _obey(self, command: int, values: tuple[Any, ...]) -> None:
        if command != self.heard[-1]:
            self.heard.append(command)
        if command == SERVO:
            self._target, self._homing = np.array(values[:6]), False
        elif command == MOVE:
            self._target, self._homing = None, True
        elif command in (SERVO_STOP, STOP_JOINTS, END):
            self._target, self._homing = None, False
        self._running = command != END and self._running
        self._ready = 1 if command in (0, SERVO) else 2  # servoing is streamed, nobody waits

    def _reading(self, name: str) -> Any:
        return {
            "timestamp": time.monotonic(),
            "actual_q": self.joints,
            "actual_qd": self._turning,
            "actual_TCP_pose": self.pose,
            "actual_TCP_speed": self._speed,
            "safety_mode": self.safety,
            "robot_status_bits": 3 if self._running else 1,
            "runtime_state": 2 if self._running else 1,
            "output_int_register_0": self._ready,
        }.get(name, 0)

    def _speak_rtde(self, connection: socket.socket) -> None:
        recipes: list[list[str]] = []
        outputs: list[str] = []
        send = threading.Lock()

        def reply(kind: int, payload: bytes) -> None:
            with send:
                connection.sendall(struct.pack(">HB", 3 + len(payload), kind) + payload)

        def stream() -> None:
            with contextlib.suppress(OSError):
                while True:
                    values = [np.atleast_1d(self._reading(name)) for name in outputs]
                    packed = [
                        struct.pack(f">{FORMATS[_kind(name)]}", *_filled(name, value))
                        for name, value in zip(outputs, values, strict=True)
                    ]
                    reply(DATA, b"\x01" + b"".join(packed))
                    time.sleep(1.0 / RATE)

        while True:
            size, kind = struct.unpack(">HB", _read(connection, 3))
            payload = _read(connection, size - 3)
            if kind == VERSION:
                reply(kind, b"\x01")
            elif kind == CONTROLLER:
                reply(kind, struct.pack(">4I", 5, 11, 0, 0))
            elif kind in (OUTPUTS, INPUTS):
                text = payload[8:] if kind == OUTPUTS else payload
                names = [name for name in text.decode().split(",") if name]
                if kind == OUTPUTS:
                    outputs = names
                else:
                    recipes.append(names)
                kinds = ",".join(map(_kind, names)).encode()
                reply(kind, bytes([1 if kind == OUTPUTS else len(recipes)]) + kinds)
            elif kind == START:
                reply(kind, b"\x01")
                threading.Thread(target=stream, daemon=True).start()
            elif kind == DATA:
                names = recipes[payload[0] - 1]
                values = struct.unpack(f">{''.join(FORMATS[_kind(n)] for n in names)}", payload[1:])
                if names[0] == "input_int_register_0":
                    self._obey(values[0], values[1:])

    def _speak_dashboard(self, connection: socket.socket) -> None:
        connection.sendall(b"Connected: Universal Robots Dashboard Server\n")
        answers = {
            "PolyscopeVersion": "URSoftware 5.11.0.0",
            "get serial number": "20195500001",
            "is in remote control": "true",
        }
        for line in connection.makefile("r"):
            connection.sendall(f"{answers.get(line.strip(), 'ok')}\n".encode())

    def _take_script(self, connection: socket.socket) -> None:
        while connection.recv(65536):
            self._running, self._ready = True, 1

    def _speak_gripper(self, connection: socket.socket) -> None:
        for line in connection.makefile("r"):
            words = line.split()
            if words[:2] == ["SET", "POS"]:
                self._grip = int(words[2])
            said = f"POS {self._grip}" if words[0] == "GET" else "ack"
            connection.sendall(f"{said}\n".encode())


def _kind(name: str) -> str:
    """Return a variable's type by the longest of the known parts of its name."""
    found = [part for part in KINDS if part in name]
    return KINDS[max(found, key=len)] if found else "VECTOR6D"


def _filled(name: str, value: np.ndarray) -> list[Any]:
    """Return as many numbers as a variable has."""
    count = 6 if _kind(name) == "VECTOR6D" else 1
    return [*value] if len(value) == count else [value[0].item()] * count


def _read(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise ConnectionError("closed")
        got += part
    return got


def _serve() -> None:
    home, posture = map(np.array, json.loads(sys.argv[2]))
    arm = _Arm(sys.argv[1], home, posture)
    answer(arm.host)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["what"] == "safety":
            arm.safety = asked["mode"]
        answer(arm.heard if asked["what"] == "heard" else [*arm.pose])


if __name__ == "__main__":
    _serve()
