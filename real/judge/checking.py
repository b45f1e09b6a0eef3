"""Check of a judge on a recording that it has not learned from: ``python -m real.judge check``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console

from policies.demonstrations import Demonstrations, content_hash
from real.judge.examples import DONE, UNSURE, Ends, examples_of, scenes_of
from real.tasks.files import parse_preset
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError

if TYPE_CHECKING:
    from real.judge.threshold import Validation


@dataclass(frozen=True)
class Check:
    """Try a judge on a recording that it has not learned from, such as the next day's.

    It prints what the judge would have said, by the threshold that it has: false successes per
    episode and per hour, and how many of the successes it finds, and when.
    """

    judge: tyro.conf.Positional[Path]
    """Folder of the judge."""
    recording: tyro.conf.Positional[Path]
    """Recording of the same task, such as runs/next_day.hdf5."""
    shown: float = DONE
    """As of train."""
    unsure: float = UNSURE
    """As of train."""


def check(settings: Check, console: Console | None = None) -> Validation:
    """Say what a judge would have said of recorded episodes.

    Args:
        settings: Which judge, and which recording.
        console: Where to print.

    Raises:
        CheckpointError: There is no judge.
        DemonstrationError: The recording cannot be read.
        ConfigurationError: The judge has learned from it, or it is of another task.
    """
    from real.judge.stored import DESCRIPTION, load_judge
    from real.judge.threshold import Scored, validate
    from real.judge.training import score

    console = console or Console()
    judge = load_judge(settings.judge)
    content = json.loads((settings.judge / DESCRIPTION).read_text(encoding="utf-8"))
    if content.get("recording_sha256") == content_hash(settings.recording):
        raise ConfigurationError(
            f"A judge must be checked on what it has not learned from. Got: {settings.recording}, "
            "which it was trained on. Record other episodes."
        )
    eyes = judge.network.eyes
    cameras = None if eyes is None else eyes.cameras
    shown = Demonstrations.load(settings.recording, judge.keys, cameras=cameras)
    preset = recorded_preset(shown, settings.recording)
    if preset.name != judge.task:
        raise ConfigurationError(
            f"A judge of {judge.task} must be checked on that task. Got: {preset.name}."
        )
    ends, scenes = Ends(settings.shown, settings.unsure), scenes_of(settings.recording)
    scored = [
        Scored(score(judge.network, one), one.not_done, one.done, one.success)
        for one in examples_of(shown, preset.rate, ends, scenes, least=0)
    ]
    worth = judge.validation
    found = validate(scored, worth.threshold, worth.in_a_row, preset.rate)
    console.print(str(found), soft_wrap=True, highlight=False)
    return found


def recorded_preset(shown: Demonstrations, path: Path) -> Preset:
    """Return the preset of a robot's recording.

    Raises:
        ConfigurationError: It is of no robot.
    """
    kwargs = shown.env_args.get("env_kwargs", {})
    if "preset" not in kwargs:
        raise ConfigurationError(
            f"A judge must be trained on a robot's recording. Got: {path}, whose episodes have no "
            "preset."
        )
    return parse_preset(kwargs["preset"], "the recorded preset")
