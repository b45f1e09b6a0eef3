"""Recover the episodes of a recording whose process was killed: ``python -m real.recover FILE``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import tyro

from real.recording.writer import EpisodeRecorder, RecordingError
from zprl_env import cli


@dataclass(frozen=True)
class Recover:
    """Make episodes of what a killed process had written, and tell what there is.

    The next recorder to the same file does so as well; this is for whoever wants to see the
    episodes before.
    """

    file: tyro.conf.Positional[Path]
    """Recording, such as runs/real.hdf5."""


def recover(settings: Recover) -> int:
    """Recover the episodes of a recording.

    Args:
        settings: Which one.

    Returns:
        How many episodes the recording has.

    Raises:
        RecordingError: There is no such recording, or somebody is recording to it.
    """
    folder = settings.file.with_suffix(".episodes")
    if not folder.is_dir():
        raise RecordingError(
            f"A recording must have its folder of episodes, {folder}. Got: none. Give the .hdf5 "
            "file that was recorded to."
        )
    with closing(EpisodeRecorder(settings.file, say=print)) as recorder:
        steps = sum(entry.steps for entry in recorder.entries)
        for entry in recorder.entries:
            print(f"{entry.file.name}: {entry.steps} steps, {entry.outcome}")
        total = len(recorder.entries)
        print(f"{settings.file}: {total} episode{'s' * (total != 1)}, {steps} steps")
    return total


EXAMPLES = ("runs/real.hdf5",)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: recover(cli.parse(Recover, EXAMPLES)))


if __name__ == "__main__":
    main()
