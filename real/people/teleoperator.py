"""The teleoperator interface: what a person's device says, and how it is asked."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from real.robot import RobotState
from real.tasks.preset import Preset
from zprl_env.errors import ZprlError


class TeleoperatorError(ZprlError):
    """A person's device is not there, or cannot move this task's arms."""


class Input(NamedTuple):
    """Word of a person's device at one moment, for all N arms.

    Attributes:
        stamp: When the device was heard last, by the clock that :meth:`Teleoperator.read` is given
            [s]. A motion that is older than 0.2 s is none, and so is one of another clock.
        mine: Whether the person wants to have the arms.
        rate: Motion as shares of the largest speeds, in [-1, 1]: velocity along x, y and z of the
            base frame, then rotation about them. Shape ``(N, 6)``; None is none.
        gripper: Openings that the grippers are to go to, 0 closed and 1 open; NaN leaves one as it
            is. Shape ``(N,)``; None leaves all.
        leader: Where arms that the person leads by hand are, in the task's coordinates, openings
            last. They are followed relative to where both were at takeover. Shape ``(N, C)``; None
            where there are none.
        buttons: Names of what is pressed: values of `real.operators.Event`, such as ``"success"``,
            are the operator's words, each time anew.
    """

    stamp: float
    mine: bool = False
    rate: np.ndarray | None = None
    gripper: np.ndarray | None = None
    leader: np.ndarray | None = None
    buttons: frozenset[str] = frozenset()


class Teleoperator(Protocol):
    """Interface of a person's device: a few dozen lines that connect one more.

    Example:
        >>> import numpy as np
        >>> class Upwards:  # a device with one button
        ...     def __init__(self, preset): self.pressed = False
        ...     def connect(self): pass
        ...     def read(self, now):
        ...         up = np.array([[0.0, 0.0, float(self.pressed), 0.0, 0.0, 0.0]])
        ...         return Input(now, mine=self.pressed, rate=up)
        ...     def close(self): pass
    """

    def connect(self) -> None:
        """Reach the device; a second call does nothing, or reaches it again.

        Raises:
            TeleoperatorError: It is not there.
        """
        ...

    def read(self, now: float) -> Input:
        """Return what the device says; at once.

        Asked once per control period and before. An exception is taken for silence: the arms hold.

        Args:
            now: The time by the robot's clock [s].
        """
        ...

    def close(self) -> None:
        """Let go of the device; a second call does nothing."""
        ...


@runtime_checkable
class Beginning(Protocol):
    """A teleoperator that is told when an episode begins, such as one whose button is not held.

    The arms are the policy's then, if there is one.
    """

    def begin(self, preset: Preset) -> None:
        """An episode begins."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A teleoperator that looks at the robot: a program in a person's place."""

    def watch(self, state: RobotState, target: np.ndarray) -> None:
        """See the newest measurement, and where the arms were sent last, before :meth:`read`.

        Args:
            state: The measurement.
            target: Coordinates. Shape ``(N, C)``.
        """
        ...
