"""Messages arrive as they were sent, and what is none is refused."""

from __future__ import annotations

import os
import socket
import struct

import numpy as np
import pytest

from real.console import line
from real.console.line import Line, LineError, receive, send
from zprl_env.errors import ConfigurationError


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_json_and_pictures_arrive(ends):
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    send(ends[0], {"ask": "shown", "speed": np.float32(0.5)}, {"front": picture, "side": picture})
    content, pictures = receive(ends[1])
    assert content == {"ask": "shown", "speed": 0.5}
    assert [*pictures] == ["front", "side"]
    assert (pictures["side"] == picture).all()


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("<II", 2**31, 0),
        struct.pack("<II", 2, 2**31),
        struct.pack("<II", 4, 0) + b"null",
        struct.pack("<II", 3, 0) + b"{,}",
        struct.pack("<II", 8, 0) + b"[[[[[[[[",
        struct.pack("<II", 26, 1) + b'{"pictures":{"a":[9,9,3]}}' + b"x",
        b"\x01",
    ],
)
def test_what_is_no_message_is_refused(ends, sent):
    ends[0].sendall(sent)
    ends[0].shutdown(socket.SHUT_WR)
    with pytest.raises(LineError):
        receive(ends[1])


def test_where_nobody_listens_is_told(tmp_path):
    with pytest.raises(LineError, match="must be listened at"):
        Line(tmp_path / "nobody.console")


def test_sockets_lie_where_nobody_else_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = line.private_folder()
    assert folder.stat().st_mode & 0o077 == 0
    assert line.sessions() == []
    (folder / f"{os.getpid()}.console").touch()
    (folder / "999999999.console").touch()  # of a process that is gone
    assert [path.stem for path in line.sessions()] == [str(os.getpid())]
    folder.chmod(0o755)
    with pytest.raises(ConfigurationError, match="nobody else can enter"):
        line.private_folder()
