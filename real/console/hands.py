"""Hands of a person at the console: whether they want the arms, and where the stick is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from real.people.takeover import SILENCE
from real.people.teleoperator import Input
from zprl_env.errors import ZprlError


class HandsError(ZprlError):
    """A stick says what is no motion."""


class Hands:
    """Hands of the person at the console, kept in the robot's process.

    Whether the arms are theirs is kept here and not on the page: a page that is loaded anew, or is
    lost, changes nothing. A stick that is not heard anew moves nothing.

    What a page sends has the page's own time on it. Something that took so much longer than the
    quickest message before it that it is old by now is not heard.

    Args:
        now: The time [s].
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.mine = False
        self.used = False  # whether a device of the console's was made
        self._rate: np.ndarray | None = None
        self._openings: np.ndarray | None = None
        self._heard = -np.inf
        self._page, self._sent, self._quickest = "", -np.inf, np.inf

    def begin(self, arms: int) -> None:
        """Begin an episode, with no hand on the stick."""
        self.mine, self.used, self._rate = False, True, None
        self._openings = np.full(arms, np.nan)

    def take(self, mine: bool) -> None:
        """Take the arms, or give them back."""
        self.mine, self._rate, self._heard = mine, None, self._now()
        if self._openings is not None:
            self._openings[:] = np.nan

    def move(
        self,
        page: str,
        sent: float,
        arm: int,
        rate: Sequence[float],
        gripper: float | None = None,
    ) -> bool:
        """Hear where the stick is.

        Args:
            page: Who sends it.
            sent: When, by the page's own time [s].
            arm: Which arm it moves.
            rate: Shares of the largest speeds, in [-1, 1]. Shape ``(6,)``.
            gripper: Opening to go to, from 0 to 1.

        Returns:
            Whether it counts; what is old does not.

        Raises:
            HandsError: There is no such arm, or the numbers are none.
        """
        arms = 0 if self._openings is None else len(self._openings)
        values = np.asarray(rate, np.float64)
        if not 0 <= arm < arms or values.shape != (6,) or not (np.abs(values) <= 1.0).all():
            raise HandsError(
                f"A stick must move one of {arms} arms by 6 numbers in [-1, 1]. Got: arm {arm}, "
                f"{np.size(values)} numbers."
            )
        now = self._now()
        if page != self._page:
            self._page, self._sent, self._quickest = page, -np.inf, np.inf
        self._quickest = min(self._quickest, now - sent)
        if sent <= self._sent or now - sent - self._quickest > SILENCE:
            return False
        self._sent, self._heard = sent, now
        moved = np.zeros((arms, 6))
        moved[arm] = values
        self._rate = moved
        if gripper is not None and self._openings is not None:
            self._openings[arm] = min(1.0, max(0.0, gripper))
        return True

    def said(self, now: float) -> Input:
        """Return what the hands say.

        Args:
            now: The time by the robot's clock [s].
        """
        age = self._now() - self._heard
        rate = self._rate if age <= SILENCE else None
        openings = None if self._openings is None else self._openings.copy()
        return Input(now - age, self.mine, rate, openings)
