"""Commands run on Ray, are told to end, and are known to be gone with their worker."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

pytest.importorskip("ray")

from tests.helpers.ray_session import connected
from zprl_env.sweep.jobs import GONE, Jobs

pytestmark = pytest.mark.slow

SCRIPT = """
import os, sys, time
open(sys.argv[1], "w").write(str(os.getppid()))
time.sleep(float(sys.argv[2]))
sys.exit(7)
"""


@pytest.fixture
def jobs():
    connected()
    with Jobs(None, cores=1) as jobs:
        yield jobs


@pytest.fixture
def script(tmp_path):
    (tmp_path / "job.py").write_text(SCRIPT)
    return tmp_path / "job.py"


def test_a_command_runs_with_its_exit_code_or_is_gone_with_its_worker(jobs, script, tmp_path):
    assert jobs.at_a_time >= 1
    assert jobs.run(["job.py", "began", "0"], tmp_path, tmp_path / "log") == 7
    (tmp_path / "began").unlink()

    def kill() -> None:
        while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
            time.sleep(0.01)
        os.kill(int((tmp_path / "began").read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    assert jobs.run(["job.py", "began", "60"], tmp_path, tmp_path / "log") == GONE
    thread.join()


def test_all_of_them_are_told_to_end(jobs, script, tmp_path):
    def end() -> None:
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        jobs.end()

    thread = threading.Thread(target=end)
    thread.start()
    assert jobs.run(["job.py", "began", "60"], tmp_path, tmp_path / "log") == -signal.SIGTERM
    thread.join()
