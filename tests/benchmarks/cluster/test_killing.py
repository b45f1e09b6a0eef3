"""Kills come at random moments, when all workers live, until there were enough."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from benchmarks.cluster.killing import kill_during
from zprl_env.errors import ZprlError


class TwoProcesses:
    """Two processes, each of which is there again when it is asked for."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.second_died = 0

    def workers(self):
        living = [process for process in self.started if process.poll() is None]
        while len(living) < 2:
            living.append(subprocess.Popen(["sleep", "60"]))
            self.started.append(living[-1])
        return [psutil.Process(process.pid) for process in living]

    def kill_second(self):
        self.second_died += 1


@pytest.fixture
def nodes():
    nodes = TwoProcesses()
    yield nodes
    for process in nodes.started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_workers_and_nodes_are_killed_while_a_training_runs(nodes, tmp_path):
    told: list[str] = []
    kills = kill_during(
        [sys.executable, "-c", "import time; print('began', flush=True); time.sleep(4)"],
        nodes,
        workers=2,
        kills=3,
        of_nodes=1,
        every=(0.0, 0.1),
        log=tmp_path / "log",
        say=told.append,
    )
    assert sorted(kill["killed"] for kill in kills) == ["node", "worker", "worker"]
    assert nodes.second_died == 1
    assert len(nodes.started) == 4
    assert (tmp_path / "log").read_text() == "began\n"
    assert told[-1].endswith("(3 of 3)")


def test_a_training_that_fails_is_no_result(nodes, tmp_path):
    with pytest.raises(ZprlError, match=r"must end well\. Got: 3; see .*log"):
        kill_during(
            [sys.executable, "-c", "raise SystemExit(3)"],
            nodes,
            workers=2,
            kills=0,
            of_nodes=0,
            every=(0.0, 0.1),
            log=tmp_path / "log",
        )
