"""Killing: SIGKILLs of workers, and of a whole node, at random moments of a training."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

from zprl_env.errors import ZprlError

STORE = 100_000_000
NODE = {"num_cpus": 2, "object_store_memory": STORE, "include_dashboard": False}


class Nodes(Protocol):
    """Two local nodes of Ray's, of which the second may die."""

    def workers(self) -> list[psutil.Process]:
        """Return the processes of workers on both."""
        ...

    def kill_second(self) -> None:
        """Kill the second node, and start another one in its place."""
        ...


class LocalNodes:
    """Two nodes on this machine, each of two cores, by ``ray.cluster_utils.Cluster``."""

    def __init__(self) -> None:
        """Start them."""
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args=NODE)
        self.address: str = self._cluster.address
        self._second = self._add()

    def _add(self) -> Any:
        return self._cluster.add_node(num_cpus=2, object_store_memory=STORE)

    def workers(self) -> list[psutil.Process]:
        """Return the processes of workers on both."""
        found = []
        for node in (self._cluster.head_node, self._second):
            raylet = node.all_processes["raylet"][0].process.pid
            with suppress(psutil.NoSuchProcess):
                found += psutil.Process(raylet).children(recursive=True)
        return [process for process in found if _titled(process)]

    def kill_second(self) -> None:
        """Kill the second node, and start another one in its place."""
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = self._add()

    def close(self) -> None:
        """End both."""
        self._cluster.shutdown()


def _titled(process: psutil.Process) -> bool:
    """Tell whether a process is a worker of environments, by the title that Ray gives it."""
    try:
        return (process.cmdline() or [""])[0].startswith("ray::Worker")
    except psutil.NoSuchProcess:
        return False


def kill_during(
    command: list[str],
    nodes: Nodes,
    *,
    workers: int,
    kills: int,
    of_nodes: int,
    every: tuple[float, float],
    log: Path,
    begun: Callable[[], bool] = lambda: True,
    seed: int = 0,
    say: Callable[[str], object] = print,
) -> list[dict[str, Any]]:
    """Run a training and kill its workers, each time once all of them live again.

    Args:
        command: The training.
        nodes: Where its workers are.
        workers: Number of its workers, all of which have to live before one is killed.
        kills: How many kills, those of nodes among them.
        of_nodes: How many of these are of the second node.
        every: Shortest and longest time between two kills [s].
        log: File for what the training says.
        begun: Tells whether it has come to what is to be disturbed.
        seed: Of the moments and the workers that are chosen.
        say: Told of each.

    Returns:
        The kills: when, and what. Fewer than asked for if the training ends before.

    Raises:
        ZprlError: The training failed.
    """
    rng = np.random.default_rng(seed)
    chosen = {*rng.choice(kills, of_nodes, replace=False).tolist()}
    done: list[dict[str, Any]] = []
    began = time.monotonic()
    with log.open("ab") as file, subprocess.Popen(command, stdout=file, stderr=file) as training:
        due = time.monotonic() + rng.uniform(*every)
        while training.poll() is None:
            time.sleep(0.5)
            living = nodes.workers()
            if len(done) == kills or len(living) < workers or not begun():
                due = time.monotonic() + rng.uniform(*every)
            elif time.monotonic() > due:
                kind = "node" if len(done) in chosen else "worker"
                if kind == "node":
                    nodes.kill_second()
                else:
                    with suppress(psutil.NoSuchProcess):
                        living[rng.integers(len(living))].kill()
                done.append({"second": round(time.monotonic() - began, 1), "killed": kind})
                say(f"{done[-1]['second']:7.1f} s: {kind} ({len(done)} of {kills})")
                due = time.monotonic() + rng.uniform(*every)
    if training.returncode:
        raise ZprlError(f"The training must end well. Got: {training.returncode}; see {log}.")
    return done
