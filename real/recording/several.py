"""Several recorders at once, each of which is told everything that it can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from policies.pictures.settings import PictureSettings
from real.recording.episode_file import EpisodeEntry
from real.recording.recorder import (
    AmendingRecorder,
    PictureRecorder,
    PlanningRecorder,
    Recorder,
    Step,
)
from real.robot import RobotState
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import Verdict


class Recorders:
    """Recorders beside each other, in order.

    Args:
        recorders: The recorders.

    Example:
        >>> Recorders([]).note_plan(np.zeros((4, 7)))
    """

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self.recorders = [*recorders]

    @property
    def entries(self) -> Sequence[EpisodeEntry]:
        """Episodes that are written already, by the first one that writes any."""
        return next((r.entries for r in self.recorders if hasattr(r, "entries")), ())

    def expect(
        self,
        preset: Preset,
        settings: PictureSettings | None,
        images: Mapping[str, tuple[int, int]],
    ) -> None:
        """Pictures will come; see `real.recording.recorder.PictureRecorder`."""
        for recorder in self.recorders:
            if isinstance(recorder, PictureRecorder):
                recorder.expect(preset, settings, images)

    def look(self, pictures: Mapping[str, np.ndarray]) -> None:
        """Observed first in the next episode; see `real.recording.recorder.PictureRecorder`."""
        for recorder in self.recorders:
            if isinstance(recorder, PictureRecorder):
                recorder.look(pictures)

    def begin(
        self, preset: Preset, observation: np.ndarray, state: RobotState, info: Mapping[str, object]
    ) -> None:
        """An episode begins; see `real.recording.recorder.Recorder.begin`."""
        for recorder in self.recorders:
            recorder.begin(preset, observation, state, info)

    def note_plan(self, actions: np.ndarray) -> None:
        """A chunk begins; see `real.recording.recorder.PlanningRecorder`."""
        for recorder in self.recorders:
            if isinstance(recorder, PlanningRecorder):
                recorder.note_plan(actions)

    def add(self, step: Step) -> None:
        """An action was carried out; see `real.recording.recorder.Recorder.add`."""
        for recorder in self.recorders:
            recorder.add(step)

    def end(self, outcome: str) -> None:
        """The episode is over; see `real.recording.recorder.Recorder.end`."""
        for recorder in self.recorders:
            recorder.end(outcome)

    def amend(self, outcome: str, verdict: Verdict) -> None:
        """An episode has another outcome; see `real.recording.recorder.AmendingRecorder`."""
        for recorder in self.recorders:
            if isinstance(recorder, AmendingRecorder):
                recorder.amend(outcome, verdict)

    def close(self) -> None:
        """Close all of them, whatever fails."""
        with ExitStack() as stack:
            for recorder in reversed(self.recorders):
                stack.callback(recorder.close)


def together(*recorders: Recorder | None) -> Recorder | None:
    """Return recorders as one: none, the only one there is, or several.

    >>> together(None, None) is None
    True
    """
    given = [recorder for recorder in recorders if recorder is not None]
    if len(given) > 1:
        return Recorders(given)
    return given[0] if given else None
