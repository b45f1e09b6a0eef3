"""An operator who judges by a classifier, beside a person who can overrule it, or alone."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TypeAlias

import numpy as np

from policies.pictures.settings import PictureSettings
from real.judge.stored import Judge, load_judge
from real.operators import (
    FOR_EVER,
    JUDGES,
    Event,
    KeyboardOperator,
    Operator,
    ScriptedOperator,
)
from real.robot import Robot, RobotError, SceneRobot
from zprl_env.errors import ConfigurationError, TaskMismatchWarning

AT_THE_START = 0.1
"""Probability of success at an episode's beginning from which on a judge is not believed."""

JudgeLike: TypeAlias = "Judge | str | PathLike[str]"
"""A judge, or its folder."""


class JudgeError(RobotError):
    """A judge sees a success where there cannot be one."""


class JudgeOperator:
    """An operator who says success when a judge has seen it for long enough.

    Whoever else there is answers questions, and can say what they like: the first verdict counts,
    and until the next episode begins another word changes it.

    Args:
        judge: The judge.
        other: The person, or what answers in one's place.
        keys: Where each part of the observation is.

    Raises:
        ConfigurationError: It looks at what is not observed.
    """

    def __init__(self, judge: Judge, other: Operator, keys: Mapping[str, slice]) -> None:
        if missing := [key for key in judge.keys if key not in keys]:
            raise ConfigurationError(
                f"A judge of {judge.task} must be shown {', '.join(judge.keys)}. Got: an "
                f"observation without {', '.join(missing)}. Train one on this task's recordings."
            )
        self.judge, self._other, self._where = judge, other, [keys[key] for key in judge.keys]
        self.patience = other.patience
        self._said: deque[Event] = deque()
        self._in_a_row = 0

    def expect(self, task: str, pictures: PictureSettings | None) -> None:
        """Compare what is going to be shown with what the judge has learned from.

        Args:
            task: Name of the task; another one than the judge's is warned of.
            pictures: What pictures are made with; None if there are none.

        Raises:
            ConfigurationError: The pictures are of another kind, or there are none.
        """
        if self.judge.task != task:
            warnings.warn(
                f"A judge of {self.judge.task} is asked about {task}, of whose successes it has "
                "seen none. Train one on this task's recordings.",
                TaskMismatchWarning,
                stacklevel=3,
            )
        if (wanted := self.judge.pictures) is None:
            return
        wrong = ["no pictures"] if pictures is None else wanted.difference(pictures)
        if wrong:
            raise ConfigurationError(
                "A judge must be shown pictures of the kind that it has learned from. Got, the "
                f"judge's first: {'; '.join(wrong)}. Give the recording's cameras and image_size."
            )
        if pictures is not None and (other := wanted.deviation(pictures)):
            warnings.warn(
                "The pictures that the judge has learned from may have looked a little different; "
                f"the judge's first: {'; '.join(other)}. Check it on a recording of now.",
                TaskMismatchWarning,
                stacklevel=3,
            )

    def begin(self, observation: np.ndarray, frames: Mapping[str, np.ndarray]) -> None:
        """See how an episode begins, which is no success.

        Raises:
            JudgeError: The judge sees one.
        """
        self._in_a_row = 0
        self._said.clear()
        probability = self._score(observation, frames)
        if not probability <= AT_THE_START:  # nor is one that is no number believed
            raise JudgeError(
                f"A judge must see no success before anything was done. Got: a probability of "
                f"{probability:.2f}, where {AT_THE_START:g} is the most. See whether the task is "
                "laid out, and whether the cameras are where they were; else train it anew."
            )

    def see(self, observation: np.ndarray, frames: Mapping[str, np.ndarray]) -> float:
        """See a step, and say success once enough of them in a row show it.

        Args:
            observation: Shape ``(O,)``.
            frames: Of each camera that is observed.

        Returns:
            The probability of success.
        """
        probability, worth = self._score(observation, frames), self.judge.validation
        self._in_a_row = self._in_a_row + 1 if probability >= worth.threshold else 0
        if self._in_a_row == worth.in_a_row:
            self._said.append(Event.SUCCESS)
        return probability

    def _score(self, observation: np.ndarray, frames: Mapping[str, np.ndarray]) -> float:
        parts = [observation[where] for where in self._where]
        state = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return self.judge.score(state, frames)

    def poll(self) -> Sequence[Event]:
        """Return the person's words, and then the judge's."""
        return [*self._other.poll(), *(self._said.popleft() for _ in range(len(self._said)))]

    def hear(self) -> Sequence[Event]:
        """Return the person's words, for a thread beside the loop."""
        return self._other.poll()

    def ask(self, event: Event, message: str) -> None:
        """Ask the person."""
        self._other.ask(event, message)

    def close(self) -> None:
        """Close the person's terminal; a second call does nothing."""
        self._other.close()


def make_judge_operator(
    name: str, judge: JudgeLike, robot: Robot, keys: Mapping[str, slice]
) -> JudgeOperator:
    """Make an operator that judges.

    Args:
        name: One of `real.operators.JUDGES`.
        judge: The judge, or its folder.
        robot: The robot; without a person it must be a simulated one, whose episodes begin by
            themselves.
        keys: Where each part of the observation is.

    Raises:
        ConfigurationError: There is no terminal, no person where one has to be, or the operator is
            another one.
        CheckpointError: The folder holds no judge that was validated.
    """
    if name not in JUDGES:
        raise ConfigurationError(
            f"A judge must come with operator='judge' or 'judge+keyboard'. Got: {name!r}."
        )
    if name == "judge" and not isinstance(robot, SceneRobot):
        raise ConfigurationError(
            "operator='judge' must have a simulated robot: somebody has to lay out the task and to "
            f"release a stop. Got: {type(robot).__name__}. Try operator='judge+keyboard'."
        )
    made = judge if isinstance(judge, Judge) else load_judge(judge)
    other: Operator = ScriptedOperator()
    if name == "judge+keyboard":
        other = KeyboardOperator()
    elif name == "judge+console":
        other = ScriptedOperator(answers=(), patience=FOR_EVER)
    try:
        return JudgeOperator(made, other, keys)
    except BaseException:
        other.close()
        raise
