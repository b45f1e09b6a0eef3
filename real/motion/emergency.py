"""The emergency stop: it latches, and only a decision of the operator releases it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from real.cameras.camera import CameraError
from real.robot import ReflexError

Source: TypeAlias = Literal["operator", "watchdog", "driver", "reflex", "camera", "software"]


@dataclass(frozen=True)
class Stop:
    """A stop of the arms: its source, its reason and its time.

    Attributes:
        source: Who stopped them.
        reason: What happened.
        stamp: When, by the robot's clock [s].
    """

    source: Source
    reason: str
    stamp: float


class EmergencyStop:
    """Emergency stop: a latch that remembers a stop until it is released; any thread may trip it.

    Example:
        >>> emergency = EmergencyStop()
        >>> emergency.trip("watchdog", "the state is 0.31 s old", stamp=4.0)
        True
        >>> emergency.trip("driver", "no answer", stamp=4.1)  # the first reason is the one
        False
        >>> emergency.stop.reason
        'the state is 0.31 s old'
        >>> emergency.release()
        >>> emergency.latched
        False
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self._lock = threading.Lock()

    @property
    def latched(self) -> bool:
        """Whether the emergency stop is in force: the arms must not move."""
        return self.stop is not None

    def trip(self, source: Source, reason: str, stamp: float) -> bool:
        """Trip the emergency stop; a stop in force keeps its first reason.

        Returns:
            Whether this was the first reason.
        """
        with self._lock:
            first = self.stop is None
            if first:
                self.stop = Stop(source, reason, stamp)
        return first

    def amend(self, what: str) -> None:
        """Add to the reason of the stop in force, if there is one."""
        with self._lock:
            if self.stop is not None:
                self.stop = replace(self.stop, reason=f"{self.stop.reason}; {what}")

    def release(self) -> None:
        """Release the emergency stop: the arms may move again."""
        with self._lock:
            self.stop = None


def source_of(error: Exception) -> Source:
    """Return who stops the arms by an error: a robot's own reflex, a camera, or the driver.

    >>> source_of(ReflexError("a force of 40 N"))
    'reflex'
    """
    if isinstance(error, ReflexError):
        return "reflex"
    return "camera" if isinstance(error, CameraError) else "driver"
