"""A gripper with a thread of its own, for its every call may take longer than a control period."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from real.robot import RobotError

PAUSE = 0.01
"""Time between two measurements [s]."""


class Hand:
    """A gripper that is measured, and told its newest goal once it has done what it was told.

    Args:
        measure: Returns the opening from 0, closed, to 1, open.
        act: Begins to go to a goal, an opening; returns what tells whether that is done, if
            anything.
        binary: Whether goals are 0 and 1 alone.
        end: Lets go of its line, if there is one of its own.

    Example:
        >>> told = []
        >>> hand = Hand(lambda: 0.5, told.append)
        >>> hand.grip(1.0)
        >>> while not told:
        ...     pass
        >>> hand.close()
        >>> hand.measured(), told
        (0.5, [1.0])
    """

    def __init__(
        self,
        measure: Callable[[], float],
        act: Callable[[float], Callable[[], bool] | None],
        *,
        binary: bool = False,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._measure, self._act, self._binary, self._end = measure, act, binary, end
        self._opening, self._error = measure(), ""
        self._goal: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    def measured(self) -> float:
        """Return the newest opening from 0, closed, to 1, open.

        Raises:
            RobotError: It does not answer any more.
        """
        if self._error:
            raise RobotError(f"The gripper must answer. Got: {self._error}. Connect again.")
        return float(np.clip(self._opening, 0.0, 1.0))

    def grip(self, opening: float) -> None:
        """Have it go to an opening, and return at once."""
        self._goal = round(opening) if self._binary else opening

    def close(self) -> None:
        """Leave it as it is."""
        self._ended.set()
        self._thread.join(timeout=5.0)
        self._end()

    def _run(self) -> None:
        told: float | None = None
        done: Callable[[], bool] | None = None
        try:
            while not self._ended.wait(PAUSE):
                self._opening, goal = self._measure(), self._goal
                if goal is None or goal == told or (done is not None and not done()):
                    continue
                told, done = goal, self._act(goal)
        except Exception as error:  # whatever a client library raises
            self._error = str(error) or type(error).__name__
