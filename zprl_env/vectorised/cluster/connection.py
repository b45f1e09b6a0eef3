"""Connection to Ray: a cluster that is there, or one of this process's own that ends with it."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import Any, NamedTuple

from zprl_env.errors import ConfigurationError, MissingExtraError, SimulationError

STARTING = 120.0
"""Time that a cluster, a worker and its environments have to come up [s]."""
STORE = 100_000_000
"""Size of a cluster of our own's object store, which decisions are too small to enter [bytes]."""
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # of which Ray warns otherwise
}
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Name by which Ray is told to stay on 127.0.0.1, its habit on other systems than Linux."""

_users, _folder = 0, ""
_ours = False


class Cluster(NamedTuple):
    """Choice of a cluster to run environments on.

    Attributes:
        workers: Actors that they are spread over; None is one for each core of this machine, and on
            a cluster that is joined one for each environment.
        address: ``HOST:PORT`` or ``"auto"``; None starts one on this machine.
    """

    workers: int | None = None
    address: str | None = None

    def shared(self, size: int, total: int) -> int:
        """Return how many workers some of the environments have.

        Args:
            size: How many environments.
            total: How many there are in all.

        >>> Cluster(workers=4).shared(8, total=16), Cluster(workers=1).shared(8, total=16)
        (2, 1)
        """
        cores = total if self.address is not None else os.cpu_count() or 1
        workers = min(cores if self.workers is None else self.workers, total)
        return max(1, workers * size // total)


def import_ray() -> Any:
    """Import Ray, which sends no statistics of its use.

    Raises:
        MissingExtraError: It is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    return ray


class Connection:
    """Connection to Ray for all users in this process, of whom the last one closes it.

    Where Ray runs in this process already it is used as it is, and left running. With an address a
    cluster is joined. Otherwise one is started: on this machine alone, bound to 127.0.0.1, without
    dashboard and statistics, and with its files in a temporary folder that is removed with it.

    Attributes:
        ray: The library.
        cores_each: Cores that an actor has to find free: none on a cluster of our own.
    """

    def __init__(
        self, address: str | None = None, workers: int = 1, patience: float = STARTING
    ) -> None:
        """Connect.

        Args:
            address: ``HOST:PORT`` of a cluster, or ``"auto"`` for the one that this machine
                belongs to; None is one of our own.
            workers: Actors that a cluster of our own starts side by side, at most.
            patience: Time that the cluster has to come up [s].

        Raises:
            ConfigurationError: The address is none.
            MissingExtraError: Ray is not installed.
            SimulationError: There is no cluster within that time.
        """
        global _users, _ours
        self.closed = False
        if address is not None:
            check_address(address)
        local = address is None
        if local and "ray" not in sys.modules:
            before = os.environ.setdefault(_LOOPBACK, "0")
            self.ray = import_ray()
            if before == "0":  # read when Ray is imported, and no matter of what it starts later
                os.environ.pop(_LOOPBACK)
        else:
            self.ray = import_ray()
        if not self.ray.is_initialized():
            self._connect(address, workers, patience)
            _hush()
            _ours = True
        self.cores_each = int(not _folder)
        _users += 1

    def _connect(self, address: str | None, workers: int, patience: float) -> None:
        global _folder
        usual: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        before = signal.getsignal(signal.SIGTERM)
        try:
            if address is not None:
                _await(self.ray, address, patience, usual)
                return
            usual_place = tempfile.gettempdir()
            # A socket's path has 107 bytes at most, of which Ray takes 75.
            short = usual_place if len(usual_place) < 25 else "/tmp"
            _folder = tempfile.mkdtemp(prefix="zprl-", dir=short)
            atexit.register(_stop)
            usual |= {"object_store_memory": STORE, "include_dashboard": False, "num_gpus": 0}
            usual |= {"num_cpus": min(workers, os.cpu_count() or 1), "_temp_dir": _folder}
            _begin(self.ray, patience, usual)
        finally:
            # Ray's own would end this process in the middle of whatever it is doing.
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)

    def close(self) -> None:
        """Leave; the last one ends what was begun for it."""
        global _users
        if self.closed:
            return
        self.closed = True
        _users -= 1
        if _users == 0 and _ours:
            _stop()


def _hush() -> None:
    """End the thread that prints a page about every worker that dies, as Ray's own end does.

    There is no setting for it, and a death is told of in ``info``, in a line.
    """
    worker = sys.modules["ray._private.worker"].global_worker
    with suppress(AttributeError):  # of another version of Ray, which prints its page then
        worker.threads_stopped.set()
        worker.gcs_error_subscriber.close()


def check_address(address: str) -> None:
    """Refuse what is no address of a cluster.

    Raises:
        ConfigurationError: It is not.

    >>> check_address("auto")
    >>> check_address("ray.lab:x")
    Traceback (most recent call last):
    policies.errors.ConfigurationError: A cluster's address must be auto or HOST:PORT, ...
    """
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdigit() and 0 < int(port) < 65_536):
        raise ConfigurationError(
            f"A cluster's address must be auto or HOST:PORT, where 'ray start --head' listens. "
            f"Got: {address!r}. Try --ray-address auto on a machine of the cluster."
        )


def _await(ray: Any, address: str, patience: float, usual: dict[str, Any]) -> None:
    """Join a cluster as soon as it is there."""
    deadline = time.monotonic() + patience
    while True:
        try:
            if address != "auto":
                host, _, port = address.rpartition(":")
                # Ray itself waits for minutes, and says a page, where nobody listens.
                socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
            ray.init(address=address, **usual)
            return
        except (OSError, RuntimeError) as error:  # ConnectionError is Ray's as well
            if time.monotonic() >= deadline:
                raise SimulationError(
                    f"A Ray cluster must be up at {address}. There was none for {patience:.0f} s "
                    f"({type(error).__name__}). Start it with: ray start --head --port 6379, and "
                    f"see that this machine may reach it, or leave --ray-address out."
                ) from error
            time.sleep(0.5)


def _begin(ray: Any, patience: float, usual: dict[str, Any]) -> None:
    """Start a cluster; on a machine so busy that Ray gives up after half a minute, again."""
    deadline = time.monotonic() + patience
    while True:
        try:
            ray.init(address="local", **usual)
            return
        except Exception as error:
            ray.shutdown()
            # Ray's own has no kind; a wrong argument, say, has one and comes again.
            if type(error) is not Exception and not isinstance(error, OSError | RuntimeError):
                raise
            if time.monotonic() >= deadline:
                why = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise SimulationError(
                    f"Ray must start on this machine. It has not within {patience:.0f} s: {why} "
                    "Try again when the machine is less busy, or leave --vec ray out."
                ) from error


def _stop() -> None:
    global _ours, _folder
    ray = sys.modules.get("ray")
    if _ours and ray is not None and ray.is_initialized():
        ray.shutdown()
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)
    _ours, _folder = False, ""
