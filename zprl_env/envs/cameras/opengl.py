"""OpenGL without a window: one context per process and backend, on a thread of its own.

A context is current in one thread at a time, and a driver that hangs holds its thread for ever. So
one thread draws and frees for whoever asks: a worker's step, a server's request, the end of the
program. All models share its context, each with buffers of its own.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import RenderingError

mujoco: Any = import_mujoco()
T = TypeVar("T")

ON, OFF = ("enable", "enabled", "on", "true", "1"), ("disable", "disabled", "off", "false", "0")
BACKENDS = ("egl", "osmesa", "glfw", "glx", "wgl", "cgl", *ON, *OFF, "")
"""Values of ``MUJOCO_GL`` that mujoco knows; those of `OFF` give no image."""
ANY_THREAD = ("egl", "osmesa", "cgl")
"""Those that draw in any thread; windows belong to the program's first."""
DEADLINE = 120.0
"""Time after which a picture is given up, the first one with its context included [s]."""
SLICES = 10
"""Parts that it is waited for in: a machine that slept, or did not run this process for minutes,
finds one of them over when it wakes, and the driver still has the others."""


class RenderThread:
    """The thread that owns a process's OpenGL context.

    Args:
        backend: What ``MUJOCO_GL`` asks for.

    Raises:
        RenderingError: There is no OpenGL to be had.

    Attributes:
        backend: The same.
        renderer: GL_RENDERER, the driver's own name; ``""`` where nobody says.
        contexts: What was made in the context and is not freed yet.
    """

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.renderer = ""
        self.contexts: set[Any] = set()
        self._process = os.getpid()
        self._gl: Any = None
        self._stuck = False
        self._tasks: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        if self.backend in ANY_THREAD:
            self._thread = threading.Thread(target=self._run, daemon=True, name="opengl")
            self._thread.start()
        try:
            self.call(self._open)
        except RenderingError:
            self._tasks.put(None)
            raise
        # The last to be registered is the first to run: before mujoco terminates its display.
        atexit.register(self.close)

    def call(self, task: Callable[[], T], deadline: float | None = None) -> T:
        """Run a task with the context current, and return what it returns.

        Args:
            task: What to run.
            deadline: When to give up [s]; `DEADLINE` if not given.

        Raises:
            RenderingError: The driver does not answer in time, now or before.
        """
        if self._thread is None or threading.current_thread() is self._thread:
            return task()
        deadline = DEADLINE if deadline is None else deadline
        future: Future[T] = Future()
        if not self._stuck:
            self._tasks.put((task, future))
            self._stuck = not _there(future, deadline)
        if self._stuck:
            raise RenderingError(
                f"a picture must be there within {deadline:g} s. Got: none from "
                f"MUJOCO_GL={self.backend}, whose driver hangs. Try another backend in a new "
                "process: MUJOCO_GL=osmesa or egl; python -m zprl_env.doctor rendering tells "
                "which work"
            )
        return future.result()

    def free(self, context: Any) -> None:
        """Free what was made in the context, on the thread where it was made; never waits."""
        self.contexts.discard(context)
        if os.getpid() != self._process:
            _KEPT.append(context)  # it is the parent's
        elif self._thread is None or threading.current_thread() is self._thread:
            context.free()
        elif not self._stuck:
            self._tasks.put((context.free, Future()))

    def close(self) -> None:
        """Free everything; called at the end of the program."""
        if os.getpid() == self._process and not self._stuck:
            self.call(self._close, deadline=10.0)

    def _open(self) -> None:
        try:
            if self.backend not in BACKENDS:
                raise RuntimeError(f"it must be one of {', '.join(filter(None, BACKENDS))}")
            if self.backend in OFF:
                raise RuntimeError("which switches drawing off")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of glfw, which says the same twice
                self._gl = _make_gl_context(self.backend)
                self._gl.make_current()
        except (ImportError, AttributeError, OSError, RuntimeError, mujoco.FatalError) as error:
            raise no_opengl(self.backend, error) from error
        self.renderer = _renderer()

    def _run(self) -> None:
        while (asked := self._tasks.get()) is not None:
            task, future = asked
            try:
                future.set_result(task())
            except BaseException as error:  # it belongs to whoever asked
                future.set_exception(error)
            del asked, task, future

    def _close(self) -> None:
        for context in [*self.contexts]:
            context.free()
        self.contexts.clear()
        if self._gl is not None:
            self._gl.free()
            self._gl = None


def _there(future: Future[Any], deadline: float) -> bool:
    """Wait for an outcome; tell whether it came."""
    return any(wait([future], deadline / SLICES).done for _ in range(SLICES))


_KEPT: list[Any] = []
"""What a forked child must not free."""
_lock = threading.Lock()
_threads: dict[str, RenderThread] = {}
_inherited = False


def render_thread() -> RenderThread:
    """Return the process's thread of OpenGL for `MUJOCO_GL`; the first call makes it.

    Raises:
        RenderingError: There is no OpenGL to be had, or this process was forked from one that had
            it, whose context would hang here.
    """
    if _inherited:
        raise RenderingError(
            "a process that draws must not be forked from one that has drawn. Got: such a fork, in "
            "which OpenGL hangs. Use start_method='forkserver' or 'spawn', as SubprocVecEnv does "
            "by default, or make no environment with cameras before the fork"
        )
    with _lock:
        if (backend := _backend()) not in _threads:
            _threads[backend] = RenderThread(backend)
        return _threads[backend]


def no_opengl(backend: str, error: Exception) -> RenderingError:
    """Return the error of a backend that gives no picture."""
    return RenderingError(
        f"rendering needs OpenGL and MUJOCO_GL={backend or 'unset'} gave none ({error}); set "
        "MUJOCO_GL to egl (package libegl1) or osmesa (package libosmesa6)"
    )


def _forked() -> None:
    global _inherited, _lock
    _inherited = _inherited or bool(_threads)
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _backend() -> str:
    backend = os.environ.get("MUJOCO_GL", "").lower().strip()
    return "egl" if not backend and sys.platform == "linux" else backend


def _make_gl_context(backend: str) -> Any:
    if backend == "egl":
        from mujoco.egl import GLContext
    elif backend == "osmesa":
        from mujoco.osmesa import GLContext
    else:
        from mujoco.gl_context import GLContext
    return GLContext(64, 64)  # pictures are drawn into buffers of their own


def _renderer() -> str:
    try:
        from OpenGL import GL  # type: ignore[import-untyped]

        name = GL.glGetString(GL.GL_RENDERER)
    except (ImportError, AttributeError, OSError, TypeError):
        return ""
    return name.decode(errors="replace")[:200] if name else ""
