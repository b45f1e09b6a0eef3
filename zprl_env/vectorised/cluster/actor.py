"""Actor: one worker of environments on Ray, as the learner knows it: alive, silent or dead."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import cloudpickle

from zprl_env.errors import SimulationError
from zprl_env.vectorised.cluster.connection import Connection
from zprl_env.vectorised.cluster.worker import Failure, Worker
from zprl_env.vectorised.workers import FAREWELL

_GLANCE = 0.5
"""Time after which a wait looks up [s], for a signal and for a patience that was shortened."""


class LostError(Exception):
    """A worker is dead, or as good as dead; the message says why."""


class Actor:
    """A worker of some environments on Ray, which can be started more than once.

    Attributes:
        indices: Numbers of its environments, in order.
        pid: Its process, on its machine; -1 before it has one.
        failures: Deaths since it last answered a step.
    """

    def __init__(
        self,
        connection: Connection,
        indices: list[int],
        makers: Any,
        patience: Callable[[], float],
        starting: float,
        body: type[Worker] = Worker,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            connection: Where it runs.
            indices: Numbers of its environments, in order.
            makers: What makes them, wrapped for the way.
            patience: Time within which it has to answer [s], at any moment.
            starting: Time within which it has to be placed, and to have its environments [s].
            body: What runs there.
        """
        self.indices, self.pid, self.failures = indices, -1, 0
        self._ray, self._makers, self._body = connection.ray, makers, body
        self._cores = connection.cores_each
        self._patience, self._starting = patience, starting
        self._handle: Any = None
        self._placing: Any = None
        self._making: Any = None

    @property
    def named(self) -> str:
        """Its environments, in words."""
        first, last = self.indices[0], self.indices[-1]
        return f"environment {first}" if first == last else f"environments {first} to {last}"

    def start(self) -> None:
        """Ask Ray for a place."""
        kind = self._ray.remote(self._body).options(
            num_cpus=self._cores, max_restarts=0, max_task_retries=0, enable_task_events=False
        )
        self._handle = kind.remote()
        self._placing = self._handle.place.remote()

    def begin_to_make(self) -> None:
        """Wait for the place, then have the environments made; :meth:`made` waits for that.

        Raises:
            SimulationError: There is no place for it.
            LostError: It is dead.
        """
        self.pid = self._wait(self._placing, self._starting, self._no_place)
        self._making = self.send("make", self._makers)

    def made(self) -> Any:
        """Wait for the environments; return their spaces.

        Raises:
            LostError: It is dead.
            SimulationError: They could not be made.
        """
        return self.receive(self._making, self._starting)

    def _no_place(self, waited: float) -> Exception:
        there, free = (
            int(said.get("CPU", 0))
            for said in (self._ray.cluster_resources(), self._ray.available_resources())
        )
        return SimulationError(
            f"Every worker must find a core. That of {self.named} has found none for {waited:.0f} "
            f"s: of the cluster's {there} {free} are free. Add a machine, or take fewer --workers."
        )

    def send(self, name: str, *args: Any, beside: Sequence[Any] = (), **kwargs: Any) -> Any:
        """Send a message, which is done after those before it; see :meth:`Worker.call`.

        Args:
            name: Its name.
            *args: Its arguments.
            beside: Further arguments, as references to bytes in Ray's store.
            **kwargs: Its arguments by name.

        Raises:
            LostError: It is known to be dead.
        """
        dumps = pickle.dumps if name in ("step", "reset") else cloudpickle.dumps
        message = dumps((name, args, kwargs), pickle.HIGHEST_PROTOCOL)
        try:
            return self._handle.call.remote(message, *beside)
        except self._ray.exceptions.RayError as error:
            raise LostError(self._told(error)) from error

    def receive(self, sent: Any, patience: float | None = None) -> Any:
        """Receive the answer to a message.

        Args:
            sent: The message.
            patience: Time that it has for it [s]; the usual if not given.

        Raises:
            AttributeError: The environments have no such attribute.
            LostError: The worker is dead, or does not answer and is ended.
            SimulationError: An environment failed.
        """
        answer = pickle.loads(self._wait(sent, patience, self.silent))
        if not isinstance(answer, Failure):
            return answer
        if answer.kind == "attribute":
            raise AttributeError(answer.message)
        if answer.kind == "words":
            raise SimulationError(f"{self.named.capitalize()}: {answer.message}")
        raise SimulationError(
            f"Every environment must go on. One of {self.named} has failed with {answer.message}. "
            "Try it alone, with --num-envs 1."
        )

    def silent(self, waited: float) -> LostError:
        """End it for having been silent, and return what is said of it.

        Args:
            waited: Time for which it has not answered [s].
        """
        self.stop()
        return LostError(
            f"the worker of {self.named} (pid {self.pid}) has not answered for {waited:.0f} s "
            "and was ended"
        )

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Send a message and receive its answer."""
        return self.receive(self.send(name, *args, **kwargs))

    def _wait(
        self, reference: Any, patience: float | None, late: Callable[[float], Exception]
    ) -> Any:
        """Wait for a result no longer than allowed, which may be shortened meanwhile."""
        exceptions, began = self._ray.exceptions, time.monotonic()
        while True:
            try:
                return self._ray.get(reference, timeout=_GLANCE)
            except exceptions.GetTimeoutError:
                waited = time.monotonic() - began
                if waited > (self._patience() if patience is None else patience):
                    raise late(waited) from None
            except exceptions.RayTaskError as error:
                raise SimulationError(
                    f"Every worker must be able to read what it is sent. That of {self.named} got: "
                    f"{type(error.cause).__name__}: {error.cause}. Install the same packages on "
                    "every machine."
                ) from error
            except exceptions.RayError as error:
                raise LostError(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        """Tell of a death in a line, where Ray takes a page."""
        return f"the worker of {self.named} (pid {self.pid}) has died: {cause(error)}"

    @property
    def started(self) -> bool:
        """Whether it was started and not stopped since; it may be dead nevertheless."""
        return self._handle is not None

    def wait(self, sent: list[Any], patience: float) -> None:
        """Wait for messages of whichever actors to be done, whatever came of them."""
        self._ray.wait(sent, num_returns=len(sent), timeout=patience)

    def stop(self) -> None:
        """End it at once; Ray is told no more of what it was asked."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(self._ray.exceptions.RayError, ValueError):
                self._ray.kill(handle)


def cause(error: Exception) -> str:
    """Find why an actor died in what Ray says of it.

    >>> cause(ValueError("The actor died. The actor is dead because its node has died. See ..."))
    'its node has died'
    """
    said = re.search(r"is dead because (.*?)(?:[.\n]|$)", str(error))
    return said[1] if said else type(error).__name__


def end(actors: Sequence[Actor], patience: float = FAREWELL) -> None:
    """Let actors close their environments, and end them.

    Args:
        actors: Those of one owner.
        patience: Time that they all have for it [s].
    """
    asked = []
    for actor in actors:
        if actor.started:
            with suppress(LostError):
                asked.append(actor.send("close"))
    try:
        if asked:
            actors[0].wait(asked, patience)
    finally:
        for actor in actors:
            actor.stop()
