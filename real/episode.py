"""One episode of a robot: counts its steps, judges its end, makes its ``info``, has it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.motion.safety import changes
from real.recording.recorder import Recorder, Step
from real.robot import Cameras
from real.tasks.preset import Preset


class Judgement(NamedTuple):
    """The judgement of a step: outcome, reward, termination and truncation.

    Attributes:
        outcome: ``"success"``, ``"failure"``, ``"abort"``, ``"stop"`` or ``"time limit"``; None
            while the episode goes on.
        reward: Of the step.
        terminated: Whether the task is over: done, or past doing.
        truncated: Whether the episode was cut.
    """

    outcome: str | None
    reward: float
    terminated: bool
    truncated: bool

    @property
    def success(self) -> bool:
        """Whether the task is done."""
        return self.outcome == "success"


class Episode:
    """State of one episode: its steps, its end, its events and its recording.

    ``info`` has:

    * ``safety``: what the filter changed at most in this step. ``clipped`` is how far a target was
      outside the box [m], ``limited`` how far the command stayed behind it [m],
      ``clipped_rotation`` and ``limited_rotation`` likewise [rad]. ``stop`` is why the arms were
      stopped, or empty, and ``stop_source`` who stopped them;
    * ``time``: ``commanded`` and ``measured``, when the step's first command was sent and when its
      observation was measured, since the episode's beginning [s], and ``overruns``, the deadlines
      that were missed in the episode;
    * ``operator``: what the operator said.

    Args:
        loop: What moved the robot.
        preset: The task.
        recorder: What writes episodes down, if anything does.
        images: Whether it is given the cameras' pictures after every step.

    Attributes:
        running: Whether an episode is under way.
    """

    def __init__(
        self, loop: ControlLoop, preset: Preset, recorder: Recorder | None, images: bool
    ) -> None:
        self.running = False
        self._loop, self._preset, self._recorder = loop, preset, recorder
        self._images = images
        self._steps = self._overruns = 0
        self._began = 0.0

    def begin(self, observation: np.ndarray, seed: int) -> dict[str, Any]:
        """Begin an episode, which the arms are ready for.

        Args:
            observation: What is seen first. Shape ``(O,)``.
            seed: Seed of its scene.

        Returns:
            The info of ``reset``.
        """
        self._steps, self._overruns = 0, self._loop.pacer.overruns
        self._began = self._loop.robot.clock.now()
        self.running = True
        info = {"is_success": False, "seed": seed, **self._happened()}
        if self._recorder is not None and self._loop.state is not None:
            self._recorder.begin(self._preset, observation, self._loop.state, info)
        return info

    def judge(self) -> Judgement:
        """Count a step that was made, and judge it: outcome, reward, termination, truncation."""
        self._steps += 1
        outcome = self._outcome()
        success = outcome == "success"
        terminated = outcome in ("success", "failure")
        reward = float(success) if self._preset.reward == "terminal" else float(success) - 1.0
        return Judgement(outcome, reward, terminated, outcome is not None and not terminated)

    def info(self, success: bool) -> dict[str, Any]:
        """Return a step's info: success, and the events of the step."""
        return {"is_success": success, **self._happened()}

    def record(
        self,
        action: np.ndarray,
        observation: np.ndarray,
        judgement: Judgement,
        info: Mapping[str, Any],
    ) -> None:
        """Record a step, with the control periods it took and the cameras' pictures."""
        if self._recorder is None:
            return
        loop, images = self._loop, {}
        with loop.stopping():
            if self._images and isinstance(loop.robot, Cameras):
                try:
                    images = dict(loop.robot.images(self._preset.cameras))
                except ROBOT_ERRORS as error:
                    loop.halt("driver", str(error))
            ticks, (_, reward, terminated, truncated) = tuple(loop.ticks), judgement
            self._recorder.add(
                Step(action, observation, reward, terminated, truncated, info, ticks, images)
            )

    def end(self, outcome: str) -> None:
        """End the episode under way, if there is one.

        Args:
            outcome: As a `Judgement` has it.
        """
        if self.running and self._recorder is not None:
            self._recorder.end(outcome)
        self.running = False

    def _outcome(self) -> str | None:
        """Return the outcome of the episode, None if it has not ended."""
        if self._loop.emergency.latched:
            return "stop"
        if self._loop.verdict is not None:
            return self._loop.verdict.value
        return "time limit" if self._steps >= self._preset.episode_steps else None

    def _happened(self) -> dict[str, Any]:
        """Return the events since the last step: safety, time and the operator's words."""
        loop = self._loop
        stop, state = loop.emergency.stop, loop.state
        return {
            "safety": {
                **changes(loop.filtered),
                "stop": stop.reason if stop else "",
                "stop_source": stop.source if stop else "",
            },
            "time": {
                "commanded": round(loop.ticks[0].stamp - self._began, 6) if loop.ticks else 0.0,
                "measured": round(state.stamp - self._began, 6) if state else 0.0,
                "overruns": loop.pacer.overruns - self._overruns,
            },
            "operator": tuple(event.value for _, event in loop.events),
        }
