"""A stand-in for a UR controller: RTDE, dashboard, script port and Robotiq's URCap on loopback.

Facts from Universal Robots' RTDE guide and from what ur_rtde 1.6 sends. It does not run URScript:
of ur_rtde's script it obeys servoL, servoStop, moveJ, stopJ and the script's end.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Any

import numpy as np

from tests.helpers.robots.loopback import RATE, Controller, LoopbackArm, read, serve

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


class URController(Controller):
    """A controller and its arm; see `tests.helpers.robots.loopback.Controller`."""

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        super().__init__("tests.helpers.robots.ur_controller", host, home, posture)

    def set_safety(self, mode: int) -> None:
        """Have it in a safety mode: 1 is normal, 3 a protective stop."""
        self.ask("safety", mode=mode)


class _Arm(LoopbackArm):
    """The arm, and what speaks for it."""

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        super().__init__(host, home, posture)
        self.safety = 1
        self._running, self._ready, self._grip = False, 0, 3
        self.begin(
            {
                30004: self._speak_rtde,
                29999: self._speak_dashboard,
                30003: self._take_script,
                63352: self._speak_gripper,
            }
        )

    def _obey(self, command: int, values: tuple[Any, ...]) -> None:
        self.hear(command)
        if command == SERVO:
            self.servo(np.array(values[:6]))
        elif command == MOVE:
            self.go(self._posture)
        elif command in (SERVO_STOP, STOP_JOINTS, END):
            self.hold()
        self._running = command != END and self._running
        self._ready = 1 if command in (0, SERVO) else 2  # servoing is streamed, nobody waits

    def _reading(self, name: str) -> Any:
        return {
            "timestamp": time.monotonic(),
            "actual_q": self.joints,
            "actual_qd": self.turning,
            "actual_TCP_pose": self.pose,
            "actual_TCP_speed": self.speed,
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
            size, kind = struct.unpack(">HB", read(connection, 3))
            payload = read(connection, size - 3)
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


def _set_safety(arm: _Arm, asked: dict[str, Any]) -> None:
    arm.safety = asked["mode"]


if __name__ == "__main__":
    serve(_Arm, _set_safety)
