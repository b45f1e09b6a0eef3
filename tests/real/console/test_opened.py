"""A console is opened beside a command where one is wanted, and ends by itself after it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import termios
import time
import urllib.request
from contextlib import suppress
from typing import Any

import pytest

from real.console import opened
from real.console.opened import free_port, opened_console
from zprl_env.errors import MissingExtraError


def test_none_is_opened_unless_it_is_wanted():
    with opened_console(False, {}) as desk:
        assert desk is None


def test_what_is_missing_is_told_before_anything_is_opened(monkeypatch):
    monkeypatch.setattr(opened.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"zprl-env\[console\]"), opened_console(True, {}):
        pass


def test_a_port_that_is_taken_is_passed_over():
    with socket.create_server((opened.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) <= port + 20
    assert free_port(65536, tries=0) == 0


PLAYING = """
import sys
from real.clock import WallClock
from real.play import main
from real.tasks.files import load_preset
from tests.helpers.robots.lone import LoneArm

LoneArm.arm = LoneArm(load_preset("place-orange")).arm
LoneArm.arm.clock = WallClock()
LoneArm.arm.place(LoneArm.arm._coordinates.home)
try:
    main()
finally:
    speed = max(LoneArm.speeds, default=1.0)
    print("AT REST", speed, LoneArm.owner, len(LoneArm.steps), flush=True)
"""
ASKED = {"Content-Type": "application/json", "X-ZPRL": "1"}


@pytest.mark.slow
def test_ctrl_c_in_the_terminal_stops_the_arm_first_and_the_page_says_that_nobody_is_there():
    pytest.importorskip("nicegui", reason="the extra 'console' brings the page")
    words = ["--policy", "real", "--driver", "tests.helpers.robots.lone:LoneArm", "--console"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PLAYING, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_own_the_terminal,
    )
    os.close(theirs)
    told, page = "", None

    def until(what, seconds=90.0):
        nonlocal told
        deadline = time.monotonic() + seconds
        while (found := what()) is None:
            assert time.monotonic() < deadline, told
            if select.select([ours], [], [], 0.1)[0]:
                with suppress(OSError):  # nobody holds the other end any more
                    told += os.read(ours, 4096).decode(errors="replace")
        return found

    def news():
        with suppress(OSError):
            asked = urllib.request.Request(f"{page}/console/alive", b'{"page": "a test"}', ASKED)
            with urllib.request.urlopen(asked, timeout=5.0) as answer:
                return json.loads(answer.read())
        return None

    try:
        page = until(lambda: re.search(r"http://127\.0\.0\.1:\d+", told))[0]
        until(lambda: True if (news() or {}).get("phase") == "running" else None)
        time.sleep(1.0)
        os.write(ours, b"\x03")
        # The page outlives the arm for a moment, to say so, and then ends by itself.
        seen: list[Any] = []

        def gone():
            seen.append(news())
            return True if seen[-1] is None else None

        until(gone)
        assert any(not said["connected"] for said in seen[:-1]), seen
        found = until(lambda: re.search(r"AT REST (\S+) (\S+) (\d+)", told))
        assert process.wait(20.0) == 130
        assert float(found[1]) < 0.01
        assert (found[2], int(found[3]) > 30) == ("None", True)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _own_the_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
