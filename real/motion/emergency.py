"""The emergency stop: it latches, and only a decision of the operator releases it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Source: TypeAlias = Literal["operator", "watchdog", "driver", "camera", "software"]


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
    """Emergency stop: a latch that remembers a stop until it is released.

    Example:
        >>> emergency = EmergencyStop()
        >>> emergency.trip("watchdog", "the state is 0.31 s old", stamp=4.0)
        >>> emergency.trip("driver", "no answer", stamp=4.1)  # the first reason is the one
        >>> emergency.stop.reason
        'the state is 0.31 s old'
        >>> emergency.release()
        >>> emergency.latched
        False
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None

    @property
    def latched(self) -> bool:
        """Whether the emergency stop is in force: the arms must not move."""
        return self.stop is not None

    def trip(self, source: Source, reason: str, stamp: float) -> None:
        """Trip the emergency stop; a stop in force keeps its first reason."""
        if self.stop is None:
            self.stop = Stop(source, reason, stamp)

    def release(self) -> None:
        """Release the emergency stop: the arms may move again."""
        self.stop = None
