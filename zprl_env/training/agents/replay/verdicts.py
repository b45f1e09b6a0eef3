"""Verdicts of the episodes in a replay buffer: what people change later is what is learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from zprl_env.envs.outcomes import BEFORE, OUTCOME


class Buffer(Protocol):
    """A replay buffer of one environment, as its episodes' verdicts see it."""

    rewards: np.ndarray
    timeouts: np.ndarray
    discounts: np.ndarray
    gamma: float
    success_reward: float
    handle_timeout_termination: bool

    def mark_episode(self, row: int, column: int, success: bool) -> None:
        """Mark the rows of the episode that ends in a row as those of a success, or not."""
        ...


class Stored(NamedTuple):
    """Verdict of an episode, and the outcome by which its last row was stored."""

    verdict: Mapping[str, str]
    outcome: str


class StoredVerdicts:
    """Verdicts of a replay buffer's episodes by their last rows, for one environment.

    A robot gives more for a success than for anything else, in an episode's last step alone. So a
    verdict that is changed adds or takes that, discounted by the steps of the decision before it;
    what is neither success nor failure looks on, as at a time limit.
    """

    def __init__(self) -> None:
        """Begin without episodes."""
        self._rows: dict[int, Stored] = {}

    def note(self, row: int, done: bool, info: Mapping[str, Any]) -> None:
        """Note a row that is stored, in place of what was there.

        Args:
            row: Its number.
            done: Whether an episode ends in it.
            info: Of the decision.
        """
        self._rows.pop(row, None)
        verdict = info.get(OUTCOME)
        if done and isinstance(verdict, Mapping):
            self._rows[row] = Stored(verdict, verdict.get(BEFORE, verdict[OUTCOME]))

    def follow(self, buffer: Buffer) -> None:
        """Store the outcomes that verdicts have by now.

        Args:
            buffer: Where the episodes are.
        """
        for row, (verdict, before) in self._rows.items():
            outcome = verdict[OUTCOME]
            if outcome == before:
                continue
            more = ((outcome == "success") - (before == "success")) * buffer.success_reward
            buffer.rewards[row, 0] += more * buffer.discounts[row, 0] / buffer.gamma
            if buffer.handle_timeout_termination:
                buffer.timeouts[row, 0] = float(outcome not in ("success", "failure"))
            buffer.mark_episode(row, 0, outcome == "success")
            self._rows[row] = Stored(verdict, outcome)
