"""Carrier of actions: sends the arms where a policy's action or a person's hand wants them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from real.motion.loop import ControlLoop
from real.people.takeover import Takeover
from real.tasks.layout import ActionLayout


class Carried(NamedTuple):
    """Action that was carried out in one step, and by whom.

    Attributes:
        asked: The action of whoever acted: as it was given, or the person's. Shape ``(A,)``.
        executed: The action that would have sent the arms where the last command did. Shape
            ``(A,)``.
        by_person: Whether it was a person's.
    """

    asked: np.ndarray
    executed: np.ndarray
    by_person: bool


class Carrier:
    """Carrier of actions, which knows where the last one sent the arms.

    Args:
        loop: Commands the arms.
        actions: Meaning of an action's numbers.
        ticks: Control periods of an action.
        people: Who has the arms; None if nobody can take them.
        delayed: Whether chunks are decided ahead, so that an action of an old one may be on its way
            when the arms are given back.
    """

    def __init__(
        self,
        loop: ControlLoop,
        actions: ActionLayout,
        ticks: int,
        people: Takeover | None = None,
        delayed: bool = False,
    ) -> None:
        self._loop, self._actions, self._ticks = loop, actions, ticks
        self._people, self._delayed = people, delayed
        self.reset()

    def reset(self) -> None:
        """Begin an episode, with the arms at home."""
        self._target, self._returning = self._actions.home, False

    def carry(self, action: np.ndarray) -> Carried:
        """Send the arms towards an action for its control periods, or until they are stopped.

        Where they change hands, the step ends, and so does the chunk that it is of.

        Args:
            action: Shape ``(A,)``.
        """
        loop, start, epoch, people = self._loop, self._target, self._loop.epoch, self._people
        loop.begin_action()
        if not loop.has_turn:
            nowhere = self._actions.action(start, start)
            return Carried(nowhere, nowhere, False)
        target = self._actions.target(np.clip(action, -1.0, 1.0), start)
        mine, ticks = people is not None and people.by_person, self._ticks
        if people is not None:
            if people.look():  # between two steps
                epoch = self._change_hands(people)
                # A person's last period, held: what was decided before is not carried out.
                ticks = ticks if people.by_person else 1
            elif self._returning:
                epoch, ticks, mine = self._change_hands(people), 1, True
                self._returning = False
            mine, start = mine or people.by_person, self._target
        for tick in range(1, ticks + 1):
            if people is not None and tick > 1 and people.look():
                self._change_hands(people)
                break
            if mine and people is not None:
                self._target = people.follow()
                going = loop.tick(self._target)
            else:
                going = loop.tick(start + tick / self._ticks * (target - start))
            if not going or loop.epoch != epoch:
                break
        else:
            if people is not None and loop.epoch == epoch and people.look():
                self._change_hands(people)
        if not mine and (people is None or not people.by_person):
            self._target = loop.filter.clip(target)
        sent = loop.filtered[-1].coordinates if loop.filtered else loop.filter.coordinates
        executed = self._actions.action(sent, start)
        if not mine:
            return Carried(action, executed, False)
        asked = np.clip(self._actions.action(self._target, start), -1.0, 1.0)
        return Carried(asked.astype(action.dtype), executed, True)

    def _change_hands(self, people: Takeover) -> int:
        """Note that the arms change hands: what was decided before is dropped.

        Returns:
            The epoch that begins.
        """
        self._loop.epoch += 1
        if people.by_person:
            self._target, self._returning = people.target, False
        else:
            self._returning = self._delayed  # an action of the old chunk is on its way
        return self._loop.epoch
