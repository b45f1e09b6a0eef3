"""A stand-in for an xArm's controller: UFACTORY's private protocol and its reports on loopback.

Facts from xarm-python-sdk 1.18 (``core/wrapper/uxbus_cmd*.py``, ``x3/base.py``, ``x3/report.py``)
and its issues: a stop takes the controller out of servoing, into the mode of positions. It knows
what our driver asks, and the registers of two grippers.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from tests.helpers.robots.loopback import Controller, LoopbackArm, read, serve

REPORTS = 30003
RATE = 100.0
VERSION, ENABLE, SET_STATE, GET_STATE, ERRORS, CLEAR, CLEAR_WARNING = 1, 11, 12, 13, 15, 16, 17
MODE, MOVE_JOINTS, SERVO_JOINTS, JOINTS, SERVO, GRIPPERS = 19, 23, 29, 42, 93, 124
SET_TOOL, GET_TOOL = 127, 128
SET_BAUD, ROBOTIQ_BAUD = b"\x1a\x0b", 5
READY, MOVING, PAUSED, STOPPED, CHANGED = 2, 1, 3, 4, 5
WHO = "{0},{0},XI130506A01L01,AC130506A0,v2.5.0"


def control_port() -> int:
    """Return the port of commands, 502, or another where only the system may open that one."""
    with contextlib.suppress(PermissionError):
        socket.create_server(("127.0.0.1", 502)).close()
        return 502
    return 10502


class XArmController(Controller):
    """A controller and its arm; see `tests.helpers.robots.loopback.Controller`."""

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        super().__init__("tests.helpers.robots.xarm_controller", host, home, posture)

    @property
    def joints(self) -> np.ndarray:
        """Joint angles [rad]."""
        return np.array(self.ask("joints"))

    def fail(self, error: int) -> None:
        """Have it stop with an error: 31 is a collision, 2 the emergency stop's button."""
        self.ask("fail", error=error)

    def set_state(self, state: int) -> None:
        """Have somebody else pause it by 3, or stop it by 4."""
        self.ask("state", state=state)


class _Arm(LoopbackArm):
    """The arm, and what speaks for it."""

    def __init__(self, host: str, home: np.ndarray, posture: np.ndarray) -> None:
        super().__init__(host, home, posture)
        self.mode, self.state, self.error = 0, STOPPED, 0
        self._baud, self._registers = ROBOTIQ_BAUD, {0x0702: 850, 0x07D0: 0}
        self.begin({control_port(): self._speak, REPORTS: self._report})

    def set_state(self, state: int) -> None:
        """Take a state as its controller does: an error stays until it is cleared."""
        if state in (PAUSED, STOPPED):
            self.hold()
        if state == STOPPED:
            self.mode = 0
        if not (state == 0 and self.error):
            self.state = state or READY

    def fail(self, error: int) -> None:
        """Stop with an error."""
        self.error = error
        self.set_state(STOPPED)

    def _speak(self, connection: socket.socket) -> None:
        while True:
            transaction, protocol, size = struct.unpack(">3H", read(connection, 6))
            body = read(connection, size)
            said = self._obey(body[0], body[1:])
            flags = (0x40 if self.error else 0) | (0x10 if self.state >= STOPPED else 0)
            reply = bytes([body[0], flags]) + said
            connection.sendall(struct.pack(">3H", transaction, protocol, len(reply)) + reply)

    def _obey(self, command: int, values: bytes) -> bytes:
        if command not in (GET_STATE, ERRORS, GRIPPERS, GET_TOOL):
            self.hear(command)
        said: dict[int, bytes] = {
            VERSION: WHO.format(len(self.joints)).encode().ljust(40, b"\0"),
            GET_STATE: bytes([self.state]),
            ERRORS: bytes([self.error, 0]),
            GET_TOOL: struct.pack(">i", self._baud),
        }
        if command == SET_STATE:
            self.set_state(values[0])
        elif command == CLEAR:
            self.error = 0
        elif command == MODE:
            self.hold()
            self.mode, self.state = values[0], CHANGED
        elif command == SET_TOOL and values[1:3] == SET_BAUD:
            self._baud = int(struct.unpack("<f", values[3:7])[0])
        elif command == GRIPPERS:
            return values[:1] + self._speak_modbus(values[1:])
        elif self.state < PAUSED:
            self._move_by(command, values)
        return said.get(command, b"")

    def _move_by(self, command: int, values: bytes) -> None:
        """Move as it is told, if that is what the mode is for."""
        if self.mode == 1 and command == SERVO:
            x = np.array(struct.unpack("<6f", values[:24]))
            self.servo(np.concatenate([0.001 * x[:3], x[3:]]))
        elif self.mode == 1 and command == SERVO_JOINTS:
            self.go(self._angles(values), lag=0.06)
        elif self.mode == 0 and command == MOVE_JOINTS:
            self.go(self._angles(values))

    def _angles(self, values: bytes) -> np.ndarray:
        return np.array(struct.unpack("<7f", values[:28]))[: len(self.joints)]

    def _speak_modbus(self, frame: bytes) -> bytes:
        """Answer a gripper's frame: to read some registers, or to write them."""
        hand, what, address, count = struct.unpack(">2B2H", frame[:6])
        known = self._registers
        if what == 3:
            if hand == 8:  # UFACTORY's position has 32 bits
                return (
                    frame[:2]
                    + bytes([2 * count])
                    + known.get(address, 0).to_bytes(2 * count, "big")
                )
            status = 0x31 if known[0x07D0] else 0x00
            return frame[:2] + bytes([6, status, 0, 0, 0, known.get(0x03E8, 0), 0])
        written = frame[7:]
        if hand == 8 and address == 0x0700:
            known[0x0702] = int.from_bytes(written[:4], "big")
        elif hand == 9:
            known[0x07D0], known[0x03E8] = written[0], written[3]
        return frame[:6]

    def _report(self, connection: socket.socket) -> None:
        while True:
            moving = np.abs(self.speed).max() > 1e-4 or np.abs(self.turning).max() > 1e-4
            state = MOVING if moving and self.state == READY else self.state
            turned = Rotation.from_rotvec(self.pose[3:]).as_euler("xyz")  # fixed axes
            joints = [*self.joints, 0.0, 0.0][:7]
            body = struct.pack(">BH", state | self.mode << 4, 0)
            body += struct.pack("<13f", *joints, *(1000.0 * self.pose[:3]), *turned)
            body += struct.pack("<19f", *[0.0] * 19)
            connection.sendall(struct.pack(">I", 4 + len(body)) + body)
            time.sleep(1.0 / RATE)


def _extra(arm: _Arm, asked: dict[str, Any]) -> Any:
    if asked["what"] == "fail":
        arm.fail(asked["error"])
    elif asked["what"] == "state":
        arm.set_state(asked["state"])
    return [*arm.joints]


if __name__ == "__main__":
    serve(_Arm, _extra)
