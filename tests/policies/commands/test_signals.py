"""SIGTERM and SIGHUP end a command as Ctrl-C does, unless somebody has decided otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from policies.commands.running import run
from policies.commands.signals import ending_as_by_ctrl_c, listened_to


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_ends_as_by_ctrl_c(number, capsys):
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended:
        run(lambda: os.kill(os.getpid(), number))
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(number) == before


def test_what_nohup_ignores_is_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in listened_to()
        with ending_as_by_ctrl_c():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_is_left_alone():
    seen: list[object] = []

    def look() -> None:
        with ending_as_by_ctrl_c():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_full_disk_is_told_in_a_line(capsys):
    def write() -> None:
        with open("/dev/full", "w", encoding="utf-8") as file:
            file.write("x")

    with pytest.raises(SystemExit) as ended:
        run(write)
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: Expected to write a file. Got: No space left on device. Make room there and give "
        "the same command again.\n"
    )


def test_a_lost_terminal_does_not_end_what_tidies_up_after_processes():
    code = """
import os, signal
from multiprocessing import resource_tracker
from policies.commands.signals import start_tracker
start_tracker()
tracker = resource_tracker._resource_tracker
os.kill(tracker._pid, signal.SIGHUP)
resource_tracker.register("/none", "shared_memory")
resource_tracker.unregister("/none", "shared_memory")
print(tracker._check_alive())
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
