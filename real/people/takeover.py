"""Takeover: whose the arms are, the policy's or a person's, and where the person sends them."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from policies.finite import all_finite
from real.motion.loop import ControlLoop
from real.operators import Event, Operator
from real.people.clutch import SPEED, Clutch
from real.people.teleoperator import (
    Beginning,
    Input,
    Teleoperator,
    TeleoperatorError,
    Watching,
)
from real.tasks.coordinates import MOTION
from real.tasks.preset import Preset
from zprl_env.envs.takeover import PERSON, POLICY

SILENCE = 0.2
"""Age of an input beyond which nothing is known of what the person wants [s]."""


class Takeover:
    """Owner of the motion: a person may take the arms at any control period, and give them back.

    The person's motion begins where the arms come to rest if they brake now, whatever the device's
    own pose is. A device that has not been heard for `SILENCE` moves nothing; what was the
    person's stays the person's, and is held, until the device is heard again: a policy gets its
    arms back by the person's word alone. What was nobody's takeover cannot become one by silence.

    Args:
        teleoperator: The person's device, which is reached by :meth:`connect`.
        loop: What moves the arms.
        preset: The task.
        alone: Whether there is no policy: the arms are the person's from the beginning, and a
            leader is followed while the device says ``mine``.
        speed: Share of the arms' largest speeds that a full deflection is.

    Attributes:
        by_person: Whether the arms are the person's.
        said: What the device said last.
        silent: Whether it was not heard.
        moved: Whether a motion was seen since the episode began.
        helped: Whether a person has made a step of the episode.
    """

    def __init__(
        self,
        teleoperator: Teleoperator,
        loop: ControlLoop,
        preset: Preset,
        *,
        alone: bool = False,
        speed: float = SPEED,
    ) -> None:
        self.teleoperator, self._loop, self._preset, self.alone = teleoperator, loop, preset, alone
        self._clutch = Clutch(preset, speed)
        self._words: deque[Event] = deque()
        self._pressed: frozenset[str] | None = None  # not known before it is heard
        self.by_person, self.silent, self.why = alone, False, ""
        self.said = Input(-np.inf)
        self._told: set[type[Exception]] = set()
        self._read_at = -np.inf
        self.moved = self.helped = False

    def connect(self) -> None:
        """Reach the device.

        Raises:
            TeleoperatorError: It is not there.
        """
        self.teleoperator.connect()

    def close(self) -> None:
        """Let go of the device."""
        self.teleoperator.close()

    def begin(self) -> None:
        """Begin an episode: the arms are the policy's, if there is one, and at rest at home."""
        self.by_person, self.moved, self.helped = self.alone, False, False
        self._clutch.let_in(self._loop.filter.resting_place)
        if isinstance(self.teleoperator, Beginning):
            self.teleoperator.begin(self._preset)

    def look(self) -> bool:
        """Read the device before a control period; return whether the arms change hands by it."""
        said = self._read()
        wants = said.mine if not self.silent else self.by_person
        if self.alone or wants == self.by_person:
            return False
        self.by_person = wants
        if wants:
            self._clutch.let_in(self._loop.filter.resting_place)
        return True

    @property
    def target(self) -> np.ndarray:
        """Place that the person has sent the arms to. Shape ``(N, C)``."""
        return self._clutch.target.copy()

    def follow(self) -> np.ndarray:
        """Return where the person sends the arms in this control period. Shape ``(N, C)``.

        Raises:
            TeleoperatorError: This device cannot move this task's arms.
        """
        sent = self._loop.filter.coordinates
        said = self.said
        if self.silent:
            said = Input(said.stamp)
        if not said.mine:  # where there is no policy a leader may be led elsewhere
            said = said._replace(leader=None)
            self._clutch.slip()
        self._clutch.follow(said, sent)
        inside = self._loop.filter.clip(self._clutch.target)
        self._clutch.target[:, MOTION] = inside[:, MOTION]
        return self.target

    def told(self, by_person: bool) -> dict[str, Any]:
        """Return what is told of a step: who made it, and whether the device was heard.

        Args:
            by_person: Whether its commands were the person's.
        """
        self.helped |= by_person
        who = PERSON if by_person else POLICY
        told = {"by": who, "helped": self.helped, "silent": self.silent}
        return told | ({"device": self.why} if self.why else {})

    def words(self) -> Sequence[Event]:
        """Return the words that were said by buttons since the last call."""
        self._read()
        return [self._words.popleft() for _ in range(len(self._words))]

    def _read(self) -> Input:
        """Read the device, once per moment; what it cannot say is silence."""
        now = self._loop.robot.clock.now()
        if now == self._read_at:
            return self.said
        self._read_at = now
        state = self._loop.state
        try:
            if state is not None and isinstance(self.teleoperator, Watching):
                sent = self._loop.filter.coordinates
                self.teleoperator.watch(state, self.target if self.by_person else sent)
            said = self.teleoperator.read(now)
            sane = _is_sane(said, self._loop.filter.coordinates)
            self.silent = not (sane and abs(now - said.stamp) <= SILENCE)
            self.said, self.why = said, ""
        except TeleoperatorError as error:
            self.silent, self.why = True, str(error)
        except Exception as error:
            self.silent, self.why = True, f"{type(error).__name__}: {error}"
            self._tell(type(error))
        if self.silent:
            self._pressed = None
        else:
            self._note(self.said)
        return self.said

    def _tell(self, kind: type[Exception]) -> None:
        """Say once of each kind that a device fails, which is no silence of the person's."""
        if kind not in self._told:
            self._told.add(kind)
            print(f"note: {type(self.teleoperator).__name__} fails: {self.why}", file=sys.stderr)

    def _note(self, said: Input) -> None:
        """Note motion, and buttons that were not down before.

        Of what is down already when the device is heard, a stop alone counts.
        """
        self.moved |= said.rate is not None and bool(np.any(said.rate))
        self.moved |= said.leader is not None and said.mine
        known = {event.value: event for event in Event}
        before = said.buttons - {Event.STOP.value} if self._pressed is None else self._pressed
        for name in sorted(said.buttons - before):
            if name in known:
                self._words.append(known[name])
        self._pressed = said.buttons


class ButtonOperator:
    """An operator whose words may also be said by the buttons of a person's device.

    Args:
        operator: The operator.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._takeover: Callable[[], Takeover | None] = lambda: None
        self.automatic = getattr(operator, "automatic", False)

    @property
    def patience(self) -> float:
        """Time that may be waited for the operator [s]."""
        return self._operator.patience

    def listen_to(self, takeover: Takeover) -> None:
        """Listen to the buttons of a device, for as long as its takeover is there."""
        self._takeover = weakref.ref(takeover)

    def poll(self) -> Sequence[Event]:
        """Return the words of both since the last call."""
        takeover = self._takeover()
        said = [] if takeover is None else takeover.words()
        return [*said, *self._operator.poll()]

    def hear(self) -> Sequence[Event]:
        """Return the operator's words, for a thread that must not touch the device."""
        said: Sequence[Event] = getattr(self._operator, "hear", self._operator.poll)()
        return said

    def ask(self, event: Event, message: str) -> None:
        """Ask the operator."""
        self._operator.ask(event, message)

    def close(self) -> None:
        """Close the operator; the device is its environment's to close."""
        self._operator.close()


def _is_sane(said: Input, like: np.ndarray) -> bool:
    """Tell whether an input is numbers of the right shapes."""
    arms = len(like)
    for values, shape in ((said.rate, (arms, 6)), (said.leader, like.shape)):
        if values is not None and not (
            np.shape(values) == shape and all_finite(np.asarray(values, np.float64))
        ):
            return False
    return said.gripper is None or (
        np.shape(said.gripper) == (arms,) and not np.isinf(np.asarray(said.gripper, float)).any()
    )
