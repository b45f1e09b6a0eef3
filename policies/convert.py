"""Copy demonstrations from one form to another: ``python -m policies.convert SRC DST``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from policies.commands import parsing, running
from policies.demonstrations import MINARI, Demonstrations
from policies.demonstrations.robosuite_versions import OldRobosuite
from policies.errors import DemonstrationError


@dataclass(frozen=True)
class Conversion:
    """Copy demonstrations between robomimic's HDF5 layout and Minari.

    Either side is a file, or minari:ID for a dataset in Minari's folder: ~/.minari/datasets or
    $MINARI_DATASETS_PATH.
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
    """Dataset that holds the actions, such as robomimic's "actions_abs"."""
    old_robosuite: OldRobosuite = "refuse"
    """Treatment of files of a robosuite before 1.5: refuse them, convert what can be converted
    without the simulator (the order of "object", the frame of two arms' actions), or keep them.
    """
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace an HDF5 file that exists."""


def convert(conversion: Conversion) -> Demonstrations:
    """Convert demonstrations as the settings say.

    Args:
        conversion: What to copy, and where to.

    Returns:
        What was written.

    Raises:
        DemonstrationError: If the source cannot be read, or the destination exists or cannot be
            written.
    """
    destination = conversion.destination
    minari = destination.startswith(MINARI)
    if not minari and Path(destination).exists() and not conversion.overwrite:
        raise DemonstrationError(
            f"{destination} already exists. Choose another name or add --overwrite."
        )
    demonstrations = Demonstrations.load(
        conversion.source,
        conversion.observation_keys or None,
        conversion.mask,
        actions=conversion.actions,
        old_robosuite=conversion.old_robosuite,
    )
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


def main() -> None:
    """Run the command line."""
    running.run(_convert)


def _convert() -> None:
    conversion = parsing.parse(Conversion, EXAMPLES)
    written = convert(conversion)
    steps = sum(len(trajectory) for trajectory in written.trajectories)
    print(f"{conversion.destination}: {len(written.trajectories)} episodes, {steps} steps")


if __name__ == "__main__":
    main()
