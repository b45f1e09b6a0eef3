"""One episode of a robot: counts its steps, judges its end, makes its ``info``, has it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from real.motion.emergency import source_of
from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.motion.safety import changes
from real.operators import Event
from real.recording.recorder import AmendingRecorder, PictureRecorder, Recorder, Step
from real.sight import RobotSight
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import OUTCOME, Verdict


class Judgement(NamedTuple):
    """The judgement of a step: outcome, reward, termination and truncation.

    Attributes:
        outcome: ``"success"``, ``"failure"``, ``"abort"``, ``"stop"``, ``"reflex"``, which is a
            stop by the robot's own protection, or ``"time limit"``; None while it goes on.
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
      ``clipped_rotation`` and ``limited_rotation`` likewise [rad]; where joints are commanded
      ``clipped_joints`` and ``limited_joints`` [rad] instead. ``stop`` is why the arms were
      stopped, or empty, and ``stop_source`` who stopped them;
    * ``time``: ``commanded`` and ``measured``, when the step's first command was sent and when its
      observation was measured, since the episode's beginning [s], and ``overruns``, the deadlines
      that were missed in the episode, ``late``, how many of them by whose time (policy, learner,
      driver, camera, operator, recorder), and ``held``, the control periods before this step in
      which the arms were braked or held, since the next chunk was late; where cameras are read
      beside the control ``pictures``, the age of the oldest one [s];
    * ``operator``: what the operator said;
    * ``takeover``, where a person may take the arms: see :class:`real.people.takeover.Takeover`;
    * ``outcome``, at the end: how the episode ended, in a mapping that people may change later on;
      see :class:`zprl_env.envs.outcomes.Verdict`.

    Args:
        loop: What moved the robot.
        preset: The task.
        recorder: What writes episodes down, if anything does; with observed pictures, too.
        sight: The robot's cameras, and whether all are recorded as they are after every step.

    Attributes:
        running: Whether an episode is under way.
        steps: Its steps so far.
        repeat: Whether the last one's scene is to come again.
    """

    def __init__(
        self,
        loop: ControlLoop,
        preset: Preset,
        recorder: Recorder | None,
        sight: RobotSight | None = None,
    ) -> None:
        self.running = False
        self._loop, self._preset, self._recorder = loop, preset, recorder
        self._sight = sight
        self.steps = self._overruns = 0
        self._began = 0.0
        self._verdicts: list[Verdict] = []
        self.repeat = False

    def begin(self, observation: np.ndarray, seed: int, seen: Any = None) -> dict[str, Any]:
        """Begin an episode, which the arms are ready for.

        Args:
            observation: What is measured first. Shape ``(O,)``.
            seed: Seed of its scene.
            seen: What is observed first, pictures included.

        Returns:
            The info of ``reset``.
        """
        self.steps, self._overruns = 0, self._loop.pacer.overruns
        self._began = self._loop.robot.clock.now()
        self.running, self._loop.amend, self.repeat = True, None, False
        info = {"is_success": False, "seed": seed, **self._happened()}
        if self._recorder is not None and self._loop.state is not None:
            if isinstance(self._recorder, PictureRecorder) and (first := self._pictures(seen)):
                self._recorder.look(first)
            self._recorder.begin(self._preset, observation, self._loop.state, info)
        return info

    def judge(self) -> Judgement:
        """Count a step that was made, and judge it: outcome, reward, termination, truncation."""
        self.steps += 1
        outcome = self._outcome()
        success = outcome == "success"
        terminated = outcome in ("success", "failure")
        reward = float(success) if self._preset.reward == "terminal" else float(success) - 1.0
        return Judgement(outcome, reward, terminated, outcome is not None and not terminated)

    def info(self, success: bool, outcome: str | None = None) -> dict[str, Any]:
        """Return a step's info: success, the events of the step and, at the end, the outcome."""
        info = {"is_success": success, **self._happened()}
        if outcome is not None:
            info[OUTCOME] = Verdict.of(outcome)
            self._verdicts.append(info[OUTCOME])
        return info

    def record(
        self,
        action: np.ndarray,
        observation: np.ndarray,
        judgement: Judgement,
        info: Mapping[str, Any],
        seen: Any = None,
        executed: np.ndarray | None = None,
        by_person: bool | None = None,
    ) -> None:
        """Record a step, with the control periods it took and the cameras' pictures."""
        if self._recorder is None:
            return
        loop, images = self._loop, {}
        with loop.stopping(), loop.spent.by("recorder"):
            if self._sight is not None and self._sight.recorded:
                try:
                    images = self._sight.whole()
                except ROBOT_ERRORS as error:
                    loop.halt(source_of(error), str(error))
            ticks, (_, reward, ended, cut) = (*loop.before, *loop.ticks), judgement
            pictures = self._pictures(seen)
            self._recorder.add(
                Step(
                    action,
                    observation,
                    reward,
                    ended,
                    cut,
                    info,
                    ticks,
                    images,
                    pictures,
                    executed,
                    by_person,
                )
            )

    def end(self, outcome: str) -> None:
        """End the episode under way, if there is one.

        Args:
            outcome: As a `Judgement` has it.
        """
        if self.running and self._recorder is not None:
            self._recorder.end(outcome)
        if self.running:
            self.repeat = self._loop.verdict is Event.REPEAT
            late = not getattr(self._loop.operator, "automatic", False)
            self._loop.amend = self._amend if late else None
        self.running = False

    def _amend(self, event: Event) -> None:
        """Change the last episode's outcome by a word, which may be said until the next begins."""
        if self._verdicts:
            worthless = (Event.TAKE_BACK, Event.REPEAT)
            self.repeat = event is Event.REPEAT
            self.rejudge(self._verdicts[-1], "abort" if event in worthless else event.value)

    def rejudge(self, verdict: Verdict, outcome: str) -> bool:
        """Judge any episode anew, whenever it was; another thread may.

        Args:
            verdict: The episode's.
            outcome: What it is after all.

        Returns:
            Whether it was an episode of these.
        """
        if not any(verdict is known for known in self._verdicts):
            return False
        verdict.change(outcome)
        if isinstance(self._recorder, AmendingRecorder):
            self._recorder.amend(outcome, verdict)
        return True

    def _pictures(self, seen: Any) -> dict[str, np.ndarray]:
        """Return the pictures of an observation, if it has some."""
        eyes = None if self._sight is None else self._sight.eyes
        if eyes is None:
            return {}
        whole = seen if isinstance(seen, dict) else eyes.pictures()
        return {name: whole[name] for name in eyes.settings.cameras}

    def _outcome(self) -> str | None:
        """Return the outcome of the episode, None if it has not ended."""
        if (stop := self._loop.emergency.stop) is not None:
            return "reflex" if stop.source == "reflex" else "stop"
        if not self._loop.has_turn:
            return "abort"
        if self._loop.verdict is not None:
            repeat = self._loop.verdict is Event.REPEAT
            return "abort" if repeat else self._loop.verdict.value
        return "time limit" if self.steps >= self._preset.episode_steps else None

    def _happened(self) -> dict[str, Any]:
        """Return the events since the last step: safety, time and the operator's words."""
        loop = self._loop
        stop, state, age = (
            loop.emergency.stop,
            loop.state,
            self._sight.age() if self._sight else None,
        )
        return {
            "safety": {
                **changes(loop.filtered, self._preset.space),
                "stop": stop.reason if stop else "",
                "stop_source": stop.source if stop else "",
            },
            "time": {
                "commanded": round(loop.ticks[0].stamp - self._began, 6) if loop.ticks else 0.0,
                "measured": round(state.stamp - self._began, 6) if state else 0.0,
                "overruns": loop.pacer.overruns - self._overruns,
                "held": len(loop.before),
                "late": dict(loop.late),
                **({} if age is None else {"pictures": round(age, 4)}),
            },
            "operator": tuple(event.value for _, event in loop.events),
        }
