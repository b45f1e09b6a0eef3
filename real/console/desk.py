"""Desk of the console in the robot's process: what is shown, and what the person there says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from real.console.board import Board
from real.console.hands import Hands
from real.console.link import Link
from real.console.operator import ConsoleOperator, Words, may_be_said
from real.network.lease import Lease
from real.operators import Event, Operator
from real.people.takeover import Takeover
from real.recording.episode_file import EpisodeEntry
from real.tasks.coordinates import GRIPPER, POSITION
from real.tasks.plans import places_of
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import Verdict
from zprl_env.errors import ZprlError

if TYPE_CHECKING:
    from real.motion.loop import ControlLoop
    from real.sight import RobotSight

LATCHED = 1.0
"""Time that is waited for a stop to be in force before it is answered that it is not [s]."""
LONGEST_PLAN = 64
"""Actions of a chunk that are shown."""
LOOKS, WATCHED = 0.2, 2.0
"""Time between two pictures in simulated time, and time that they are taken after a look [s]."""


class SaidNothingError(ZprlError):
    """A word that means nothing now, or that another page may not say."""


class Workplace(NamedTuple):
    """One environment of the arms, as the console sees it."""

    loop: ControlLoop
    sight: RobotSight
    preset: Preset
    takeover: Takeover | None
    rejudge: Callable[[Verdict, str], bool]


class Desk:
    """Desk of the console: one for all environments of a process that have the same arms.

    It asks nothing of the control loop and keeps it from nothing. A stop goes the way of the
    keyboard's SPACE: it is heard by the thread beside the loop, latched, and then sent. All other
    words are of one page at a time.

    Args:
        told: What a page shows of the session: its task, driver, policy.

    Example:
        >>> from real.env import RealRobotEnv
        >>> desk = Desk({"policy": "none"})
        >>> env = RealRobotEnv("place-orange", driver="ideal", console=desk)
        >>> _ = env.reset(seed=0)
        >>> desk.shown()["phase"], desk.stop()["latched"], desk.shown()["phase"]
        ('running', True, 'stopped')
        >>> env.close()
    """

    def __init__(self, told: Mapping[str, str] | None = None) -> None:
        self.told = dict(told or {})
        self.board, self.words, self.hands, self.lease = Board(), Words(), Hands(), Lease()
        self.words.running = lambda: self.board.running
        self._work: dict[int, Workplace] = {}
        self._pictures: dict[str, np.ndarray] = {}
        self._pictures_number, self._looked, self._asked = 0, -np.inf, -np.inf
        self._blind = ""
        self._link = Link(self)

    def open(self) -> Desk:
        """Listen for consoles, until :meth:`close`."""
        self._link.open()
        return self

    def close(self) -> None:
        """Listen no longer; a second call does nothing."""
        self._link.close()

    def operator(self, other: Operator) -> ConsoleOperator:
        """Make an operator of the person at the console, beside another one."""
        return ConsoleOperator(self.words, other)

    def attend(
        self,
        loop: ControlLoop,
        sight: RobotSight,
        preset: Preset,
        takeover: Takeover | None,
        operator: Operator,
        rejudge: Callable[[Verdict, str], bool],
        before: Sequence[EpisodeEntry] = (),
    ) -> None:
        """See an environment from now on, until :meth:`leave`.

        Args:
            loop: What moves its arms.
            sight: Its cameras.
            preset: Its task.
            takeover: Who has its arms; None if nobody can take them.
            operator: The person at the console, in it.
            rejudge: Judges one of its episodes anew.
            before: Episodes of the recording that it adds to.
        """
        if before and not self.board.number:
            self.board.remember(before, preset.rate)
        if isinstance(operator, ConsoleOperator):
            operator.stand_by(loop)
        self._work[id(loop)] = Workplace(loop, sight, preset, takeover, rejudge)
        sight.watch()

    def leave(self, loop: ControlLoop) -> None:
        """See an environment no longer, which is closed."""
        self._work.pop(id(loop), None)

    def look(self) -> None:
        """Take pictures for the page in simulated time, by the loop's thread."""
        work, now = self._at_work(), time.monotonic()
        unseen = now - self._asked > WATCHED or now - self._looked < LOOKS
        if work is None or unseen or self._blind or not work.sight.is_stepped:
            return
        self._looked = now
        with work.loop.spent.by("camera"):
            try:
                self._pictures = work.sight.draw()
            except Exception as error:  # no page is worth an episode
                self._blind = f"No pictures: {error}"
                self.board.tell("camera", self._blind)
                return
        self._pictures_number += 1

    def pictures(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the newest pictures for people, and their number."""
        self._asked, work = time.monotonic(), self._at_work()
        if work is None or work.sight.is_stepped:
            return self._pictures_number, self._pictures
        self._pictures_number += 1
        return self._pictures_number, work.sight.newest()

    def stop(self) -> dict[str, Any]:
        """Stop the arms, whoever asks, and return whether that is in force."""
        began = time.monotonic()
        self.words.say(Event.STOP)
        while (work := self._at_work()) is not None and time.monotonic() - began < LATCHED:
            if work.loop.emergency.latched:
                return {"latched": True, "seconds": round(time.monotonic() - began, 4)}
            time.sleep(0.001)
        return {"latched": False, "seconds": round(time.monotonic() - began, 4)}

    def say(self, word: str, page: str) -> None:
        """Say a word of an operator.

        Args:
            word: The value of an `Event`.
            page: Who says it.

        Raises:
            SaidNothingError: It is none, means nothing now, or the page may not say it.
        """
        try:
            event = Event(word)
        except ValueError:
            known = ", ".join(event.value for event in Event)
            raise SaidNothingError(f"A word must be one of {known}. Got another one.") from None
        if event is Event.STOP:
            self.stop()
            return
        self.lease.claim(page)
        work = self._at_work()
        stopped = work is not None and work.loop.emergency.latched
        why = may_be_said(event, self.board.running, self.changeable, stopped)
        if why is not None:
            raise SaidNothingError(why)
        self.words.say(event)
        self.board.tell("word", f"{event.value}, said at the console.")

    def judge(self, number: int, word: str, page: str) -> None:
        """Judge an episode anew, whenever it was.

        Args:
            number: The episode's, as it is shown.
            word: ``"success"``, ``"failure"``, or ``"take back"`` for one that is worth nothing.
            page: Who says it.

        Raises:
            SaidNothingError: There is no such verdict, or no such episode.
        """
        outcome = {"success": "success", "failure": "failure", "take back": "abort"}.get(word)
        if outcome is None:
            raise SaidNothingError("A verdict must be success, failure or take back. Got another.")
        self.lease.claim(page)
        if number == self.board.number and self.changeable:  # with what follows from that
            self.say(word, page)
            return
        verdict = self.board.verdict(number)
        if verdict is None or not any(w.rejudge(verdict, outcome) for w in self._work.values()):
            raise SaidNothingError(
                f"Episode {number} must be one of this session that has ended. Got: another one."
            )

    def take(self, mine: bool, page: str) -> None:
        """Take the arms from the policy, or give them back.

        Raises:
            SaidNothingError: The stick of the page is no device of this session.
        """
        self.lease.claim(page)
        if not self.hands.used:
            raise SaidNothingError(
                "The arms cannot be taken here. Give --teleoperator console when you begin."
            )
        self.hands.take(mine)

    @property
    def changeable(self) -> bool:
        """Whether the last episode's outcome may still be changed."""
        work = self._at_work()
        return work is not None and not self.board.running and work.loop.amend is not None

    def shown(self) -> dict[str, Any]:
        """Return everything that a page shows, as values of JSON."""
        shown = {**self.board.shown(), "told": self.told, "holder": self.lease.present}
        work, asked = self._at_work(), self.words.asked
        shown["asked"] = asked and {"word": asked[0].value, "message": asked[1]}
        shown |= {"phase": "no robot", "stop": None, "arms": [], "plan": []}
        if work is None:
            return shown
        stop = work.loop.emergency.stop
        self.board.note_stop(stop)
        shown["may"] = [
            event.value
            for event in Event
            if may_be_said(event, self.board.running, self.changeable, stop is not None) is None
        ]
        shown["stop"] = stop and {"source": stop.source, "reason": stop.reason}
        shown["phase"] = self._phase(work)
        shown["hands"] = self._hands(work)
        shown |= _geometry(work, self.board.plan)
        return shown

    def _phase(self, work: Workplace) -> str:
        if work.loop.emergency.latched:
            return "stopped"
        if not self.board.running:
            return "waiting" if self.words.asked else "getting ready"
        return "paused" if work.loop.is_paused else "running"

    def _hands(self, work: Workplace) -> dict[str, Any] | None:
        """Return who has the arms, and by which device; None if nobody can take them."""
        takeover = work.takeover
        if takeover is None:
            return None
        return {
            "person": takeover.by_person,
            "alone": takeover.alone,
            "here": self.hands.used,
            "wanted": self.hands.mine,
            "silent": takeover.silent and takeover.by_person,
        }

    def _at_work(self) -> Workplace | None:
        """Return the environment whose turn it is; else the last one that was made."""
        every = [*self._work.values()]
        mover = every[-1].loop.arms.mover if every else None
        return next((work for work in every if work.loop is mover), every[-1] if every else None)


def _geometry(work: Workplace, plan: np.ndarray) -> dict[str, Any]:
    """Return where the arms are, where they were sent, and where the plan leads."""
    preset, loop = work.preset, work.loop
    sent, state = loop.filter.coordinates, loop.state
    arms: list[dict[str, Any]] = []
    for number, arm in enumerate(preset.arms):
        shown: dict[str, Any] = {"opening": round(float(sent[number, GRIPPER]), 3)}
        if state is not None:
            shown["opening"] = _rounded(state.gripper[number])
            shown["position"] = _rounded(state.position[number])
            shown["speed"] = _rounded(np.linalg.norm(state.linear_velocity[number]))
            if state.joints:
                shown["joints"] = _rounded(state.joints[number])
        if preset.space == "pose":
            shown["sent"] = _rounded(sent[number, POSITION])
            shown["low"], shown["high"] = _rounded(arm.safety.low), _rounded(arm.safety.high)
        arms.append(shown)
    return {"arms": arms, "plan": _plan(preset, sent, plan)}


def _plan(preset: Preset, sent: np.ndarray, plan: np.ndarray) -> list[Any]:
    """Return positions and openings along a plan, of each arm. Shape ``(N, n, 4)``, rounded."""
    if not plan.size:
        return []
    along = places_of(preset, sent, plan[:LONGEST_PLAN]).swapaxes(0, 1)
    if preset.space == "joints":
        return [[[None, None, None, _rounded(row[GRIPPER])] for row in arm] for arm in along]
    return [[[*_rounded(row[POSITION]), _rounded(row[GRIPPER])] for row in arm] for arm in along]


def _rounded(values: Any) -> Any:
    """Return numbers for JSON; None for what is not known."""
    known = np.where(np.isfinite(values), np.round(np.asarray(values, np.float64), 4), np.nan)
    listed = known.tolist()
    if isinstance(listed, list):
        return [None if value != value else value for value in listed]
    return None if listed != listed else listed
