"""The recorder's interface: receives an environment's steps and control periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from policies.pictures.settings import PictureSettings
from real.robot import JointCommand, RobotCommand, RobotState
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import Verdict


@dataclass(frozen=True)
class Tick:
    """One control period: the command and the measurement after it.

    Attributes:
        stamp: When the command was sent, by the robot's clock [s].
        command: What was sent, None if nothing could be.
        state: What was measured last when it was over, None if nothing ever could be.
    """

    stamp: float
    command: RobotCommand | JointCommand | None
    state: RobotState | None


@dataclass(frozen=True)
class Step:
    """One action and its results.

    Attributes:
        action: As the environment was given it; of a step that a person made, the person's.
            Shape ``(A,)``.
        observation: What was seen afterwards. Shape ``(O,)``.
        reward: Of this step.
        terminated: Whether the task is over.
        truncated: Whether the episode was cut.
        info: The environment's info, with ``safety``, ``operator`` and ``time``.
        ticks: The control periods of the action, in order.
        images: Pictures of all cameras as they are after the action, if they are recorded. Shape
            ``(H, W, 3)`` each, uint8.
        pictures: Pictures that were observed afterwards, by camera.
        executed: The action that would have sent the arms where the last command of the step did,
            which limits and the box may have kept from where ``action`` did. Shape ``(A,)``.
        by_person: Whether a person made it; None where none could have taken the arms.
    """

    action: np.ndarray
    observation: np.ndarray
    reward: float
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]
    ticks: tuple[Tick, ...]
    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)
    executed: np.ndarray | None = None
    by_person: bool | None = None


class Recorder(Protocol):
    """The interface of a recorder, which writes episodes down while they happen.

    The calls are made between two actions, so they return quickly. An episode that no :meth:`end`
    follows was cut off, and the next :meth:`begin` says so.
    """

    def begin(
        self, preset: Preset, observation: np.ndarray, state: RobotState, info: Mapping[str, Any]
    ) -> None:
        """An episode begins.

        Args:
            preset: The task.
            observation: What is seen first. Shape ``(O,)``.
            state: The measurement behind it.
            info: What ``reset`` returns, with ``seed`` of the episode.
        """
        ...

    def add(self, step: Step) -> None:
        """An action was carried out, the last one of an episode included."""
        ...

    def end(self, outcome: str) -> None:
        """The episode is over.

        Args:
            outcome: ``"success"``, ``"failure"``, ``"abort"``, ``"time limit"``, ``"stop"`` after
                an emergency stop, or ``"reflex"`` after one by the robot's own protection.
        """
        ...

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        ...


@runtime_checkable
class AmendingRecorder(Protocol):
    """The interface of a recorder whose episodes may be judged once more."""

    def amend(self, outcome: str, verdict: Verdict) -> None:
        """An episode has another outcome after all; called by any thread.

        Args:
            outcome: The new one.
            verdict: The episode's, which the info of its last step came with.
        """
        ...


@runtime_checkable
class PictureRecorder(Protocol):
    """The interface of a recorder that takes pictures as well, whose steps come with them."""

    def expect(
        self,
        preset: Preset,
        settings: PictureSettings | None,
        images: Mapping[str, tuple[int, int]],
    ) -> None:
        """Pictures will come; called once, before anything moves.

        Args:
            preset: The task.
            settings: What observed pictures are made with, if there are some.
            images: Height and width of the cameras that are recorded as they are, as far as they
                are known [pixels].
        """
        ...

    def look(self, pictures: Mapping[str, np.ndarray]) -> None:
        """These pictures are observed first in the episode that begins next."""
        ...


@runtime_checkable
class PlanningRecorder(Protocol):
    """The interface of a recorder that is told what a policy is about to do."""

    def note_plan(self, actions: np.ndarray) -> None:
        """A chunk begins; what of it will be executed is seen in the steps that follow.

        Args:
            actions: In the action space, the committed ones included. Shape ``(n, A)``.
        """
        ...
