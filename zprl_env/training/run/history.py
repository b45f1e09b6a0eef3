"""History of a run in environment steps: the raw data of its learning curve."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from policies.checkpoints.output import WRITER
from zprl_env.envs.outcomes import COUNTED, OUTCOME, Verdict, not_counted, succeeded
from zprl_env.envs.takeover import helped
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import RunFolderError, one_line, read_json

HISTORY_FILE = "history.json"
WINDOW = 100
"""Episodes of the rolling success rate."""
RECENT = 20
"""Episodes of training in a row whose success rate tells when a rate was reached."""
REACHED = (0.9, 0.95)
"""Success rates whose price is told."""


class Noted(NamedTuple):
    """Episode whose verdict may be changed: as it was counted, when it ended, and who helped."""

    verdict: Verdict
    outcome: str
    env_steps: int
    helped: bool


@dataclass
class History:
    """Counts of a run so far, its episodes' outcomes and its evaluations.

    Attributes:
        env_steps: Environment steps taken.
        decisions: Decisions taken, each of which is up to ``n_action_steps`` environment steps.
        episode_ends: Environment steps at each episode's end.
        episode_successes: Whether that episode succeeded.
        evaluations: Environment steps and outcome of each evaluation; the base policy's at zero.
        seconds: Wall-clock time spent.
        updates: Updates of the agent: gradient steps, or PPO's passes over a rollout.
        updates_at: As many as there were at each evaluation, by its environment steps as a word.
        not_counted: Episodes besides, by outcome, that say nothing about the policy: stopped,
            aborted or cut off on a robot.
        helped: Episodes in which a person had the arms; they are no successes.
        by_person: Environment steps that a person made.
        ages: Counts of the ages of decisions that were collected beside learning; see
            `zprl_env.training.collecting.ages`. Empty of others.
    """

    env_steps: int = 0
    decisions: int = 0
    episode_ends: list[int] = field(default_factory=list)
    episode_successes: list[bool] = field(default_factory=list)
    evaluations: list[tuple[int, EvaluationResult]] = field(default_factory=list)
    seconds: float = 0.0
    updates: int = 0
    updates_at: dict[str, int] = field(default_factory=dict)
    not_counted: dict[str, int] = field(default_factory=dict)
    helped: int = 0
    by_person: int = 0
    ages: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin without episodes of this process, which alone can be judged anew."""
        self._noted: list[Noted] = []

    @property
    def rolling_success(self) -> float:
        """Success rate of the last episodes, NaN before the first one ended."""
        recent = self.episode_successes[-WINDOW:]
        return float(np.mean(recent)) if recent else float("nan")

    def note_end(self, info: Mapping[str, Any]) -> None:
        """Note an episode's end: one that says nothing about the policy is counted apart.

        Args:
            info: Of its last step.
        """
        self.follow_verdicts()
        lost, by_hand = not_counted(info), helped(info)
        self._count(lost, self.env_steps, succeeded(info), by_hand)
        if isinstance(verdict := info.get(OUTCOME), Verdict):
            self._noted.append(Noted(verdict, verdict[OUTCOME], self.env_steps, by_hand))

    def follow_verdicts(self) -> None:
        """Count the episodes whose verdicts were changed since by what they are now."""
        for number, (verdict, before, at, by_hand) in enumerate(self._noted):
            outcome = verdict[OUTCOME]
            if outcome == before:
                continue
            if before in COUNTED:
                place = self.episode_ends.index(at)
                del self.episode_ends[place], self.episode_successes[place]
                self.helped -= by_hand
            else:
                self.not_counted[before] -= 1
                self.not_counted = {name: n for name, n in self.not_counted.items() if n}
            lost = None if outcome in COUNTED else outcome
            self._count(lost, at, outcome == "success", by_hand)
            self._noted[number] = Noted(verdict, outcome, at, by_hand)

    def _count(self, lost: str | None, at: int, success: bool, by_hand: bool) -> None:
        """Count an episode that ended at an environment step."""
        if lost is not None:
            self.not_counted[lost] = self.not_counted.get(lost, 0) + 1
            return
        place = bisect(self.episode_ends, at)
        self.episode_ends.insert(place, at)
        self.episode_successes.insert(place, success and not by_hand)
        self.helped += by_hand

    @property
    def best(self) -> int | None:
        """Environment steps of the agent's best evaluation, the latest if several are alike."""
        played = [(at, result) for at, result in self.evaluations if result.episodes]
        agents = [(result.success_rate, at) for at, result in played if at > 0]
        return max(agents)[1] if agents else None

    def passed(self, rate: float | None) -> int | None:
        """Return the environment steps of the first agent whose lower bound is at least a rate.

        Args:
            rate: Success rate that the Wilson interval's lower bound has to reach; ``None`` is
                never reached.
        """
        if rate is None:
            return None
        agents = [at for at, result in self.evaluations if at > 0 and result.interval.low >= rate]
        return agents[0] if agents else None

    def reached(self, rate: float) -> dict[str, dict[str, int] | None]:
        """Return what it took to reach a success rate, by validation episodes and by training's.

        Args:
            rate: Success rate.

        Returns:
            Environment steps, and episodes of training that were judged until then, for the first
            ``validation`` that reached it and for the first time that `RECENT` episodes of
            ``training`` in a row did, which explore, and of which those that a person helped are
            no successes; None if it was not reached.

        >>> ends, successes = [*range(10, 310, 10)], [False] * 10 + [True] * 20
        >>> history = History(episode_ends=ends, episode_successes=successes)
        >>> history.reached(0.9)
        {'validation': None, 'training': {'env_steps': 280, 'episodes': 28}}
        """
        played = [at for at, one in self.evaluations if at > 0 and one.episodes]
        rates = {at: one.success_rate for at, one in self.evaluations}
        evaluated = next((at for at in played if rates[at] >= rate), None)
        ends, won = self.episode_ends, np.cumsum([0, *self.episode_successes])
        last = next(
            (n for n in range(RECENT, len(ends) + 1) if won[n] - won[n - RECENT] >= rate * RECENT),
            None,
        )
        steps = {"validation": evaluated, "training": None if last is None else ends[last - 1]}
        return {
            name: None
            if at is None
            else {"env_steps": at, "episodes": sum(end <= at for end in ends)}
            for name, at in steps.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        evaluations = [[at, result.to_dict()] for at, result in self.evaluations]
        return asdict(self) | {"evaluations": evaluations}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> History:
        """Undo :meth:`to_dict`.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        said = {name: value for name, value in content.items() if name != WRITER}
        evaluations = [(count(at), result_from(r)) for at, r in said["evaluations"]]
        history = cls(**said | {"evaluations": evaluations})
        for taken in (history.env_steps, history.decisions, history.updates):
            count(taken)
        for at, updates in history.updates_at.items():
            count(int(at)), count(updates)
        if len(history.episode_ends) != len(history.episode_successes):
            raise ValueError("episodes that do not all have an end and an outcome")
        if not all(isinstance(success, bool) for success in history.episode_successes):
            raise TypeError("outcomes of episodes that are not true or false")
        for number in (
            *(history.helped, history.by_person),
            *(*history.episode_ends, *history.not_counted.values(), *history.ages.values()),
        ):
            count(number)
        if isinstance(history.seconds, bool) or not 0.0 <= history.seconds < float("inf"):
            raise ValueError(f"{history.seconds} seconds")
        return history


def result_from(content: dict[str, Any]) -> EvaluationResult:
    """Undo :meth:`EvaluationResult.to_dict`.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    seeds, successes, lengths = (
        [count(value) for value in content[name]] for name in ("seeds", "successes", "lengths")
    )
    lost = {str(name): count(number) for name, number in content.get("not_counted", {}).items()}
    if not len(seeds) == len(successes) == len(lengths) or max(successes, default=0) > 1:
        raise ValueError("episodes that do not all have a seed, an outcome and a length")
    if not (seeds or lost):
        raise ValueError("episodes that do not all have a seed, an outcome and a length")
    returns = np.array(content.get("returns", []), float)
    if returns.shape not in ((0,), (len(seeds),)):
        raise ValueError("episodes that do not all have a sum of rewards")
    counts = np.array(seeds), np.array(successes, bool), np.array(lengths)
    return EvaluationResult(*counts, returns, lost, count(content.get("helped", 0)))


def load_history(run: Path) -> History:
    """Load a run's history, as it was last written down.

    Raises:
        RunFolderError: It is missing or unreadable.
    """
    content = read_json(run / HISTORY_FILE)
    try:
        return History.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunFolderError(
            f"Expected a run's history in {run / HISTORY_FILE}. Got: {one_line(error)}."
        ) from error


def count(value: object) -> int:
    """Return a number that counts something, which a file may say otherwise.

    Raises:
        TypeError: It is no whole number, or below 0.

    >>> count(3)
    3
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise TypeError(f"{value!r:.60} in place of a whole number of at least 0")
    return value
