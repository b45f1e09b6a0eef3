"""Copy demonstrations from one form to another: ``python -m policies.convert SRC DST``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from policies.checkpoints.output import refuse_overwriting
from policies.commands import parsing, running
from policies.demonstrations import MINARI, Demonstrations
from policies.demonstrations.absolute_actions import (
    AXIS_ANGLE,
    ROWS,
    frame_notes,
    marked,
    to_rows,
)
from policies.demonstrations.formats.table import open_source
from policies.demonstrations.lerobot.info import INFO
from policies.demonstrations.lerobot.layout import LerobotSettings, Pictures
from policies.demonstrations.loading import load_and_say
from policies.demonstrations.robosuite_versions import OldRobosuite
from policies.errors import ConfigurationError, DemonstrationError


@dataclass(frozen=True)
class Conversion:
    """Copy demonstrations to robomimic's HDF5 layout, to Minari, or to a LeRobotDataset.

    Read are HDF5 of robomimic and of D4RL, recordings, folders of ALOHA's episodes, .zarr of
    Diffusion Policy, LeRobotDatasets (v3 and v2), and Minari. Either side is a file or folder, or
    minari:ID for a dataset in Minari's folder: ~/.minari/datasets or $MINARI_DATASETS_PATH.
    """

    source: tyro.conf.Positional[str]
    """Demonstrations to read, such as lift.hdf5 or minari:D4RL/door/expert-v2."""
    destination: tyro.conf.Positional[str]
    """File or dataset to write, such as door.hdf5 or minari:lift/scripted-v0."""
    format: Literal["hdf5", "minari", "lerobot", "lerobot-v2.1"] | None = None
    """Format to write: robomimic's HDF5 if not given, and Minari for minari:ID; lerobot is a folder
    of LeRobotDataset v3.0."""
    observation_keys: tuple[str, ...] = ()
    """Observations to keep, in order; by default those that the source names."""
    mask: str | None = None
    """Keep only the episodes of this robomimic filter key, such as "train"."""
    actions: str = "actions"
    """Dataset that holds the actions, such as robomimic's "actions_abs". Absolute poses of
    robosuite are marked as such, and become the ten numbers per arm of action=absolute."""
    old_robosuite: OldRobosuite = "refuse"
    """Treatment of files of a robosuite before 1.5: refuse them, convert what can be converted
    without the simulator (the order of "object", the frame of two arms' actions), or keep them.
    """
    cameras: tuple[str, ...] = ()
    """Cameras whose frames are copied; all from and to a LeRobotDataset, else none, if not given.
    Minari takes none."""
    no_pictures: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Copy no frames."""
    fps: float | None = None
    """Steps per second, for a LeRobotDataset; the environment's control_freq if not given."""
    task: str | None = None
    """Task in words, for a LeRobotDataset; the environment's name if not given."""
    pictures: Pictures = "png"
    """Frames of a LeRobotDataset: png in its rows keeps every bit, h264 and av1 are videos."""
    environment_keys: tuple[str, ...] = ()
    """Observations that say where things are, a LeRobotDataset's observation.environment_state;
    by default those that are called "object" or are of robosuite's objects."""
    skip_bad: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Leave out episodes that cannot be imitated; the copy says which."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace a file, or the folder of a LeRobotDataset, that exists."""

    def __post_init__(self) -> None:
        minari = self.destination.startswith(MINARI)
        if self.format is not None and minari != (self.format == "minari"):
            raise ConfigurationError(
                f"a destination must be minari:ID for Minari alone. Got: {self.destination} and "
                f"the format {self.format}."
            )
        if not (self.format or "").startswith("lerobot"):
            said = [n for n in ("fps", "task", "environment_keys") if getattr(self, n)]
            if said:
                raise ConfigurationError(
                    f"{', '.join(said)} must be given for a LeRobotDataset alone. Try --format "
                    "lerobot."
                )

    @property
    def lerobot(self) -> LerobotSettings | None:
        """Settings of the LeRobotDataset to write, if that is one."""
        if self.format is None or not self.format.startswith("lerobot"):
            return None
        return LerobotSettings(
            version="v2.1" if self.format.endswith("v2.1") else "v3.0",
            fps=self.fps,
            task=self.task,
            pictures=self.pictures,
            environment_keys=self.environment_keys,
        )


def convert(
    conversion: Conversion, say: Callable[[str], object] = lambda line: None
) -> Demonstrations:
    """Convert demonstrations as the settings say.

    Args:
        conversion: What to copy, and where to.
        say: What is given a line about what was read, and what is strange in it.

    Returns:
        What was written.

    Raises:
        DemonstrationError: If the source cannot be read, or the destination cannot be written.
        OverwriteError: If the destination exists.
    """
    destination = conversion.destination
    minari = destination.startswith(MINARI)
    if not minari:
        refuse_overwriting(destination, conversion.overwrite, by="DESTINATION")
    keys, cameras = _seen(conversion)
    demonstrations = load_and_say(
        conversion.source,
        keys,
        conversion.mask,
        skip_bad=conversion.skip_bad,
        brief=True,
        say=say,
        actions=conversion.actions,
        old_robosuite=conversion.old_robosuite,
        cameras=cameras,
    )
    demonstrations = _with_rows(demonstrations, say)
    if minari:
        from policies.demonstrations.minari import write_minari

        write_minari(demonstrations, destination[len(MINARI) :])
    elif (settings := conversion.lerobot) is not None:
        from policies.demonstrations.lerobot.writer import write_lerobot

        write_lerobot(
            demonstrations, destination, settings, overwrite=conversion.overwrite, say=say
        )
    else:
        demonstrations.save(destination)
    return demonstrations


def _seen(conversion: Conversion) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the observation keys and cameras to copy; all vectors beside frames, not a choice."""
    keys = conversion.observation_keys or None
    wanted = conversion.lerobot is not None or (Path(conversion.source) / INFO).is_file()
    if conversion.no_pictures or not (wanted or conversion.cameras):
        return keys, None
    with open_source(conversion.source) as source:
        try:
            cameras = source.choose_cameras(conversion.cameras)
        except DemonstrationError:
            return keys, None
        return keys or source.choose_keys().taken, cameras


EXAMPLES = (
    "demos/lift.hdf5 data/lift --format lerobot",
    "minari:D4RL/door/expert-v2 door.hdf5",
    "low_dim.hdf5 train.hdf5 --mask train  # the episodes of a filter key",
)


def _with_rows(demonstrations: Demonstrations, say: Callable[[str], object]) -> Demonstrations:
    """Write robomimic's absolute poses as the environments' action="absolute" takes them."""
    width = demonstrations.trajectories[0].actions.shape[1]
    if not marked(demonstrations.env_args) or not width % ROWS:
        return demonstrations
    for note in frame_notes(demonstrations.trajectories, AXIS_ANGLE):
        say(f"  warning: {note}")
    converted = to_rows(demonstrations.trajectories)
    say(
        f"  absolute actions: {width} numbers with axis times angle became "
        f"{converted[0].actions.shape[1]}, position, two rows of the rotation and gripper per arm; "
        "play policies of them with --env-kwargs action=absolute"
    )
    return replace(demonstrations, trajectories=converted)


def main() -> None:
    """Run the command line."""
    running.run(_convert)


def _convert() -> None:
    conversion = parsing.parse(Conversion, EXAMPLES)
    written = convert(conversion, print)
    steps = sum(len(trajectory) for trajectory in written.trajectories)
    print(f"{conversion.destination}: {len(written.trajectories)} episodes, {steps} steps")


if __name__ == "__main__":
    main()
