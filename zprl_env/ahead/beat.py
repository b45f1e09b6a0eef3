"""Beat: what is committed is executed, and then held, while the next chunk is decided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import gymnasium as gym

from zprl_env.ahead.delay import Latency
from zprl_env.ahead.spent import Spent

Turn = Callable[[], Any]
"""Context in which one action may be executed; it yields whether it still may."""
FALLBACK_RATE = 20.0
"""Actions per second of an environment that does not say [Hz]."""


class Beat:
    """Executes the committed actions of a chunk beside whoever decides on the next one.

    Where time passes by itself a thread executes them, from :meth:`begin` on. If they run out
    before the next chunk is there, the environment is asked to ``hold``: it brakes within its
    limits, and stands still. Where time is simulated it stands still while somebody thinks, and the
    committed actions are executed when the next chunk is there: it takes exactly as long as was
    stated, every time.

    Of an environment whose time passes by itself this takes three members more, which
    :class:`real.env.RealRobotEnv` has: ``hold()``, for one control period, which returns whether
    there may be another; ``epoch``, a number that every reset, stop and takeover raises; and
    ``turn``, a lock within which it is read before an action.

    Args:
        env: The environment.
        ahead: Whether anything is ever committed.

    Attributes:
        spent: Who spent the time since the last observation.
        latency: What decisions took.
        held: Control periods that were held since the last observation.
        late: Time for which there was nothing to execute [s].
    """

    def __init__(self, env: gym.Env, ahead: bool) -> None:
        self._env: Any = env.unwrapped
        self._ahead = ahead
        rate = env.metadata.get("render_fps")
        self.period = 1.0 / (rate if isinstance(rate, int | float) and rate > 0 else FALLBACK_RATE)
        self.spent, self.latency = Spent(), Latency(self.period)
        self.held, self.late = 0, 0.0
        self._work: Callable[[Turn], None] | None = None
        self._thread: threading.Thread | None = None
        self._decided: threading.Event  # made with the thread, for a simulation may be copied
        self._done: threading.Event
        self._error: BaseException | None = None
        self._dropped = False
        self._began = 0.0
        self._epoch = self.epoch

    @property
    def epoch(self) -> int:
        """Present epoch of the environment: what was decided in another one is late."""
        return int(getattr(self._env, "epoch", 0))

    @property
    def is_stale(self) -> bool:
        """Whether the epoch is another one than when the last chunk was asked for."""
        return self.epoch != self._epoch

    @property
    def in_real_time(self) -> bool:
        """Environment's word on whether time passes while a decision is made."""
        return bool(getattr(self._env, "in_real_time", False))

    def begin(self, work: Callable[[Turn], None] | None) -> None:
        """Begin to execute what is committed, since an observation was taken.

        Args:
            work: Executes it, each action in a turn of its own; None if there is nothing.
        """
        self._work, self._error, self._dropped = work, None, False
        self.held, self.late = 0, 0.0
        self._epoch, self._began = self.epoch, time.monotonic()
        self.spent.clear()
        if work is None or not self.in_real_time:
            return
        self._decided, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name="beat", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Have the rest of it executed, since the next chunk is there; returns when it is.

        Raises:
            BaseException: What executing it has raised.
        """
        passed = time.monotonic() - self._began
        self.spent.add({"learner": max(0.0, passed - self.spent["policy"])})
        work, self._work = self._work, None
        if self._thread is not None:
            self.latency.add(passed)
            self._decided.set()
            self._done.wait()
            self._thread = None
            if self._error is not None:
                raise self._error
            return
        if (tell := getattr(self._env, "note_spent", None)) is not None:
            tell(self.spent)
        if not self._ahead:
            self._epoch = self.epoch  # what was decided while all stood still is not late
        elif work is not None:
            work(self._turn)

    def drop(self) -> None:
        """Drop what is left of it; returns when nothing is executed any more."""
        self._work, self._dropped = None, True
        if self._thread is not None:
            self._decided.set()
            self._done.wait()
            self._thread = None

    def _run(self, work: Callable[[Turn], None]) -> None:
        try:
            work(self._turn)
            ended = time.monotonic()
            while not self._decided.is_set():
                with self._turn() as mine:
                    if not mine or self._decided.is_set() or not self._env.hold():
                        break
                    self.held += 1
            self.late = time.monotonic() - ended if self.held else 0.0
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        with getattr(self._env, "turn", nullcontext()):
            yield not (self._dropped or self.is_stale)


def always() -> nullcontext[bool]:
    """Return a turn that may be taken in any case."""
    return nullcontext(True)
