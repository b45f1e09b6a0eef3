"""Takeover: who executed an environment's actions, the policy or a person, as ``info`` tells it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from zprl_env.errors import SimulationError

TAKEOVER = "takeover"
"""Key of ``info`` where a person can take the arms: of a step a mapping with ``by``, who acted, and
``action``, what was asked for by whoever did, and ``helped``, whether a person has acted in the
episode so far; of a chunk a :class:`Hands`."""
POLICY, PERSON = "policy", "person"
"""Names of those who act."""


class Heard:
    """Mark of hands that were asked for, which all copies of an info share."""

    def __init__(self) -> None:
        self.by_anybody = False

    def __deepcopy__(self, memo: Any) -> Heard:
        """Return itself."""
        return self


class Hands(NamedTuple):
    """Hands that a chunk's actions were in, which a person cut into, or made.

    Attributes:
        by_person: Which of its executed actions a person made. Shape ``(k,)``, bool.
        actions: What was asked for by whoever acted. Shape ``(k, A)``.
        taken: Whether the chunk was cut because the arms changed hands.
        helped: Whether a person has had the arms in this episode so far.
        heard: Whether anybody has asked; None if it is not kept.
    """

    by_person: np.ndarray
    actions: np.ndarray
    taken: bool
    helped: bool = False
    heard: Heard | None = None

    @property
    def whose(self) -> str:
        """Owner of the chunk: ``"policy"``, ``"person"``, or ``"both"``, which teaches nothing.

        >>> Hands(np.array([False, True]), np.zeros((2, 1)), True).whose
        'both'
        """
        if self.by_person.all():
            return PERSON
        return "both" if self.by_person.any() else POLICY


def hands_of(told: Sequence[Mapping[str, Any]], cut: bool, expected: bool = False) -> Hands | None:
    """Put together what was told of the steps of a chunk; None if nothing was.

    Args:
        told: What each step's ``info`` has under `TAKEOVER`; empty where it has none.
        cut: Whether the chunk was cut, since somebody took over.
        expected: Whether a person can take the arms, so that every step has to tell.

    Raises:
        SimulationError: Some step does not tell who acted, and a person's would pass for the
            policy's.

    >>> hands_of([{}], cut=False) is None
    True
    """
    missing = sum(not step for step in told)
    if missing and (expected or missing < len(told)):
        raise SimulationError(
            f'Where a person can take the arms, every step must tell in info["{TAKEOVER}"] who '
            f"acted. Got: {missing} of {len(told)} steps that do not. A wrapper has lost it; let "
            "it hand on the info of the environment inside."
        )
    if missing or not told:
        return None
    return Hands(
        np.array([step["by"] == PERSON for step in told]),
        np.array([step["action"] for step in told], np.float32),
        cut,
        any(step.get("helped", False) for step in told),
        Heard(),
    )


class Audience:
    """Audience of a person's doing: a warning, once, where a chunk's hands are not asked for.

    Stable-Baselines3's own buffers store the agent's action, whatever was executed.
    """

    def __init__(self) -> None:
        self._last: Hands | None = None
        self._warned = False

    def tell(self, hands: Hands | None) -> None:
        """Tell of a chunk; the one before it cannot be asked for any more."""
        before, self._last = self._last, hands
        if before is None or before.heard is None or before.heard.by_anybody:
            return
        if before.by_person.any() and not self._warned:
            self._warned = True
            warnings.warn(
                "A person made actions of a chunk, and nobody asked whose they were. Who learns "
                "from it stores the agent's own action, which was not carried out. Give SAC(..., "
                "replay_buffer_class=ChunkReplayBuffer), or evaluate by zprl_env.evaluate.",
                stacklevel=3,
            )


def helped(info: Mapping[str, Any]) -> bool:
    """Tell whether a person had the arms in the episode that an info is the last one of.

    >>> helped({}), helped({TAKEOVER: Hands(np.zeros(1, bool), np.zeros((1, 1)), False, True)})
    (False, True)
    """
    hands = hands_in(info)
    return hands is not None and hands.helped


def hands_in(info: Mapping[str, Any]) -> Hands | None:
    """Return the hands that a chunk was in, by its info; None where there is one pair alone."""
    found = info.get(TAKEOVER)
    if not isinstance(found, Hands):
        return None
    if found.heard is not None:
        found.heard.by_anybody = True
    return found
