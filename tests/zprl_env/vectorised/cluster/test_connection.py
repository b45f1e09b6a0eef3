"""A cluster is joined, or told of in a line that it is not there; our own leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.helpers.documents import ROOT
from zprl_env import ConfigurationError, SimulationError
from zprl_env.vectorised.cluster.connection import (
    Connection,
    _await,
    _begin,
    check_address,
    import_ray,
)

pytestmark = pytest.mark.slow

pytest.importorskip("ray")


@pytest.mark.parametrize("address", ["", "lab", "lab:", ":6379", "lab:ray", "lab:99999"])
def test_an_address_is_auto_or_a_host_and_a_port(address):
    with pytest.raises(ConfigurationError, match="must be auto or HOST:PORT"):
        check_address(address)
    check_address("[::1]:6379")


def test_a_cluster_that_does_not_come_up_is_one_error_after_a_bounded_wait():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(SimulationError, match=rf"must be up at {address}.*for 1 s") as told:
            _await(import_ray(), address, 1.0, {})
    assert "\n" not in str(told.value)


class Busy:
    """Ray on a machine on which it gives up, so many times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error, self.stopped = times, error, 0

    def init(self, **settings: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise self.error

    def shutdown(self) -> None:
        self.stopped += 1


def test_one_of_our_own_is_tried_again_on_a_busy_machine_and_told_of_in_a_line():
    late = Exception("The current node timed out during startup.\nThis could happen because")
    busy = Busy(2, late)
    _begin(busy, 60.0, {})
    assert (busy.left, busy.stopped) == (-1, 2)
    with pytest.raises(SimulationError, match=r"not within 0 s: The current node timed") as told:
        _begin(Busy(9, late), 0.0, {})
    assert "\n" not in str(told.value)
    with pytest.raises(TypeError):
        _begin(Busy(9, TypeError("no such setting")), 60.0, {})


PARENT = """
import os, signal, sys
from zprl_env.vectorised.cluster.connection import Connection
from zprl_env.vectorised.cluster.worker import Worker
if __name__ == "__main__":
    before = signal.getsignal(signal.SIGTERM)
    connection = Connection(workers=1)
    assert signal.getsignal(signal.SIGTERM) is before
    actor = connection.ray.remote(Worker).options(num_cpus=0).remote()
    pid = connection.ray.get(actor.place.remote())
    for node in connection.ray.nodes():
        assert node["NodeManagerAddress"] == "127.0.0.1"
    os.kill(pid, signal.SIGKILL)
    try:
        connection.ray.get(actor.place.remote())
    except connection.ray.exceptions.RayError:
        print("died", flush=True)
    sys.stdin.readline()
"""


def test_one_of_our_own_is_on_loopback_silent_and_gone_with_this_process(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    own = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(tmp_path / "parent.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(own)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        said = [parent.stdout.readline()]
        rest = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGINT)
        said += parent.stdout.readlines()
        parent.wait(60)
    assert said[0] == "died\n"
    assert said[-1] == "KeyboardInterrupt\n"
    assert not any("raylet" in line for line in said)
    assert rest
    assert psutil.wait_procs(rest, timeout=60)[1] == []
    assert not list(own.iterdir())
    own.rmdir()


def test_whoever_comes_later_shares_the_connection():
    from tests.helpers.ray_session import connected

    first = connected()
    second = Connection("127.0.0.1:1")  # this process has one already
    second.close()
    second.close()
    assert first.ray.is_initialized()
