"""Copy demonstrations from one form to another: ``python -m policies.convert SRC DST``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

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
from policies.demonstrations.loading import load_and_say
from policies.demonstrations.robosuite_versions import OldRobosuite


@dataclass(frozen=True)
class Conversion:
    """Copy demonstrations of any format that is read to robomimic's HDF5 layout or to Minari.

    Read are HDF5 of robomimic and of D4RL, recordings, folders of ALOHA's episodes, .zarr of
    Diffusion Policy, and Minari. Either side is a file, or minari:ID for a dataset in Minari's
    folder: ~/.minari/datasets or $MINARI_DATASETS_PATH.
    """

    source: tyro.conf.Positional[str]
    """Demonstrations to read, such as lift.hdf5 or minari:D4RL/door/expert-v2."""
    destination: tyro.conf.Positional[str]
    """File or dataset to write, such as door.hdf5 or minari:lift/scripted-v0."""
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
    skip_bad: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Leave out episodes that cannot be imitated; the copy says which."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace an HDF5 file that exists."""


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
    demonstrations = load_and_say(
        conversion.source,
        conversion.observation_keys or None,
        conversion.mask,
        skip_bad=conversion.skip_bad,
        brief=True,
        say=say,
        actions=conversion.actions,
        old_robosuite=conversion.old_robosuite,
    )
    demonstrations = _with_rows(demonstrations, say)
    if minari:
        from policies.demonstrations.minari import write_minari

        write_minari(demonstrations, destination[len(MINARI) :])
    else:
        demonstrations.save(destination)
    return demonstrations


EXAMPLES = (
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
