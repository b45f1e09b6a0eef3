"""Outcomes of episodes on a robot: which of them say something about the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTCOME, BEFORE = "outcome", "before"
"""Key of ``info`` at the end of an episode on a robot: a :class:`Verdict`, and its keys."""
LOST = "lost"
"""Key of ``info`` at the end of an episode whose worker died, on whatever machine: the reason. The
decision that was under way is none: nobody knows whether it was carried out."""
COUNTED = ("success", "failure", "time limit")
"""Outcomes by which a policy is judged. All others are the laboratory's: ``stop``, ``abort``,
``cut off``."""


class Verdict(dict[str, str]):
    """Outcome of an episode, which people may change later on; ``before`` is then what it was.

    Whoever keeps an episode's info keeps the verdict itself, not a copy: Stable-Baselines3 copies
    all infos, and a verdict that is changed is to be seen by those who counted and stored it.

    >>> from copy import deepcopy
    >>> info = {"outcome": Verdict.of("success")}
    >>> kept = deepcopy(info)
    >>> info["outcome"].change("failure")
    >>> kept["outcome"]
    {'outcome': 'failure', 'before': 'success'}
    """

    @classmethod
    def of(cls, outcome: str) -> Verdict:
        """Return a first verdict."""
        return cls({OUTCOME: outcome})

    def change(self, outcome: str) -> None:
        """Judge the episode anew."""
        self.setdefault(BEFORE, self[OUTCOME])
        self[OUTCOME] = outcome

    def __deepcopy__(self, memo: Any) -> Verdict:
        """Return itself."""
        return self


def not_counted(info: Mapping[str, Any]) -> str | None:
    """Return the outcome of an episode that says nothing about the policy; None if it counts.

    An environment that tells no outcome has episodes that all count.

    >>> not_counted({"outcome": {"outcome": "stop"}}), not_counted({"is_success": False})
    ('stop', None)
    """
    outcome = outcome_of(info)
    return None if outcome in (None, *COUNTED) else outcome


def outcome_of(info: Mapping[str, Any]) -> str | None:
    """Return an episode's outcome by its last info, None if it is not told."""
    said = info.get(OUTCOME)
    return said.get(OUTCOME) if isinstance(said, Mapping) else None


def interrupted(info: Mapping[str, Any]) -> bool:
    """Tell whether an episode was stopped or cut off, whatever people have said of it since.

    >>> interrupted({"outcome": {"outcome": "success", "before": "stop"}})
    True
    """
    said = info.get(OUTCOME)
    return isinstance(said, Mapping) and said.get(BEFORE, said.get(OUTCOME)) not in COUNTED


def succeeded(info: Mapping[str, Any]) -> bool:
    """Tell whether an episode succeeded, by what is known of it by now."""
    outcome = outcome_of(info)
    return bool(info.get("is_success", False)) if outcome is None else outcome == "success"


def told(counts: Mapping[str, int]) -> str:
    """Tell how many episodes are not counted, and why.

    >>> told({"stop": 3, "abort": 1})
    '4 (3 stop, 1 abort)'
    """
    parts = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    return f"{sum(counts.values())} ({parts})" if counts else "0"
