"""Environments in processes of their own: bounded waits, errors in words, and no orphans."""

from __future__ import annotations

import atexit
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import CloudpickleWrapper
from stable_baselines3.common.vec_env.subproc_vec_env import _worker

from policies.commands.signals import start_tracker
from zprl_env.errors import SimulationError, ZprlError

PATIENCE = 600.0
"""Time within which a process has to answer [s]: the slowest step or reset."""
HURRY = 10.0
"""Time within which it has to once the run is to end [s]."""
FAREWELL = 5.0
"""Time that processes have to end by themselves before they are killed [s]."""


class WorkerVecEnv(SubprocVecEnv):
    """Vectorised environment whose workers answer in time, tell their errors, and end with it.

    Stable-Baselines3's waits for ever for a process that hangs, at its end too, and knows of one
    that failed only that it is gone. The workers ignore Ctrl-C, SIGTERM and SIGHUP, which reach a
    whole process group and are the learner's to answer; they end with it however it ends.

    Attributes:
        patience: Time within which a worker has to answer [s].
    """

    def __init__(
        self, env_fns: Sequence[Callable[[], gym.Env]], *, patience: float = PATIENCE
    ) -> None:
        """Start a process for each environment.

        Args:
            env_fns: What makes each of them.
            patience: Time within which a worker has to answer [s].

        Raises:
            SimulationError: An environment could not be made.
        """
        self.waiting = self.closed = False
        self.patience = patience
        self.processes = []
        lines: list[_Line] = []
        start_tracker()
        context = multiprocessing.get_context("spawn")
        in_main = threading.current_thread() is threading.main_thread()
        atexit.register(partial(_kill, weakref.ref(self)))  # before multiprocessing waits for them
        for number, env_fn in enumerate(env_fns):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(theirs, ours, CloudpickleWrapper(env_fn), in_main), daemon=True
            )
            process.start()
            theirs.close()
            self.processes.append(process)
            lines.append(_Line(ours, process, number, weakref.proxy(self)))
        self.remotes: Any = tuple(lines)
        try:
            lines[0].send(("get_spaces", None))
            spaces = lines[0].recv()
        except BaseException:
            self.close()
            raise
        VecEnv.__init__(self, len(lines), *spaces)

    def close(self) -> None:
        """End the processes; those that do not end by themselves are killed."""
        if self.closed:
            return
        self.closed = True
        for line in self.remotes:
            with suppress(OSError):
                line.send(("close", None))
        deadline = time.monotonic() + min(FAREWELL, self.patience)
        try:
            for process in self.processes:
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for process in self.processes:
                process.kill()  # even one that is stopped
                process.join(FAREWELL)
            for line in self.remotes:
                line.close()


def hurry(envs: VecEnv, patience: float = HURRY) -> None:
    """Shorten the time within which workers have to answer, since the run is to end.

    Args:
        envs: Environments, in whatever wrappers.
        patience: The time [s].
    """
    for found in _below(envs):
        found.patience = min(found.patience, patience)


def _below(envs: VecEnv) -> Iterator[Any]:
    """Find what waits for workers, of this module or of Ray's, inside of all wrappers."""
    if isinstance(envs, VecEnvWrapper):
        yield from _below(envs.venv)
    elif "patience" in vars(envs):
        yield envs
    for half in getattr(envs, "halves", ()) if not isinstance(envs, VecEnvWrapper) else ():
        yield from _below(half)


class _Failure(NamedTuple):
    """An environment's error, as it travels to the learner."""

    message: str
    expected: bool


class _Line:
    """Connection to one worker: as ``multiprocessing``'s, but it waits no longer than allowed."""

    def __init__(self, connection: Any, process: Any, number: int, owner: Any) -> None:
        self._connection, self._process = connection, process
        self._number, self._owner = number, owner
        self.send, self.close = connection.send, connection.close

    def recv(self) -> Any:
        """Receive an answer.

        Raises:
            SimulationError: The environment failed, or does not answer.
            EOFError: Its process has ended.
        """
        began = time.monotonic()
        while not self._connection.poll(0.5):
            waited = time.monotonic() - began
            if waited > self._owner.patience:
                raise SimulationError(
                    f"Every environment's process must answer. That of environment {self._number} "
                    f"(pid {self._process.pid}) has not for {waited:.0f} s and is ended. See what "
                    "it waits for, or try --num-envs 1."
                )
        answer = self._connection.recv()
        if not isinstance(answer, _Failure):
            return answer
        if answer.expected:
            raise SimulationError(f"Environment {self._number}: {answer.message}")
        raise SimulationError(
            f"Every environment's process must live. That of environment {self._number} has ended "
            f"with {answer.message}; its traceback is above. Try --num-envs 1."
        )


def _work(remote: Any, parent_remote: Any, env_fn: CloudpickleWrapper, bound: bool) -> None:
    """Be a worker: Stable-Baselines3's, which tells its error before it ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if bound and sys.platform == "linux":
        # For one that hangs where no thread gets its turn, or is stopped; by the thread that
        # started it, which therefore has to be the one that ends last.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    try:
        _worker(remote, parent_remote, env_fn)
    except ZprlError as error:
        _tell(remote, _Failure(str(error), expected=True))
    except Exception as error:
        _tell(remote, _Failure(f"{type(error).__name__}: {error}", expected=False))
        raise


def _tell(remote: Any, failure: _Failure) -> None:
    with suppress(OSError):
        remote.send(failure)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _kill(reference: weakref.ref[WorkerVecEnv]) -> None:
    envs = reference()
    if envs is not None and not envs.closed:
        for process in envs.processes:
            process.kill()
