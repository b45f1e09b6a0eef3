"""A tied process ends with whoever started it, and is told to before it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.helpers.documents import ROOT
from zprl_env.sweep.tied import end_tied, start_tied

WAITING = "import time; print('began', flush=True); time.sleep(60)"
PARENT = """
import sys, time
from pathlib import Path
from zprl_env.sweep.tied import start_tied
print(start_tied([sys.executable, "-c", "import time; time.sleep(60)"], Path(), Path("log")).pid)
sys.stdout.flush()
time.sleep(60)
"""


def test_it_ends_when_it_is_told_and_what_it_said_is_in_the_file(tmp_path):
    log = tmp_path / "runs" / "log.txt"
    command = [sys.executable, "-c", "import os; print(os.environ['X'], flush=True);" + WAITING]
    process = start_tied(command, tmp_path, log, variables={"X": "seen"})
    while "began" not in (log.read_text() if log.exists() else ""):
        time.sleep(0.01)
    assert end_tied(process) == -signal.SIGTERM
    assert end_tied(process) == -signal.SIGTERM
    assert log.read_text() == "seen\nbegan\n"


def test_one_that_does_not_end_is_killed(tmp_path):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WAITING
    process = start_tied([sys.executable, "-c", deaf], tmp_path / "nowhere", tmp_path / "log")
    while "began" not in (tmp_path / "log").read_text():
        time.sleep(0.01)
    assert end_tied(process, patience=0.1) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ties processes")
def test_it_is_killed_with_whoever_started_it(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert not psutil.wait_procs([child], timeout=20)[1]
