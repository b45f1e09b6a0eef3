"""Data that a LeRobot policy was trained on: its rate and what is in it, if it is on this disk.

The weights do not say. ``train_config.json`` beside them says which dataset it was, whose
``meta/info.json`` has the rate and the names of its numbers; one that was written here says what
drew its pictures, too. A dataset that is not on this disk is not fetched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from policies.checkpoints.plain_json import read_json
from policies.demonstrations.lerobot.info import INFO, DatasetInfo, read_info
from policies.demonstrations.lerobot.own_remarks import read_picture_settings
from policies.errors import CheckpointError, DemonstrationError
from policies.foreign.lerobot.features import Feature
from policies.pictures.settings import PictureSettings

TRAIN_FILE = "train_config.json"
HOME, USUAL_HOME = "HF_LEROBOT_HOME", "~/.cache/huggingface/lerobot"
"""Environment variable of the folder that LeRobot keeps its datasets in, and where it is else."""


class TrainingData(NamedTuple):
    """Facts of the data, as far as they are known.

    Attributes:
        rate: Steps per second; None if unknown.
        names: Names of the numbers of each feature, by the policy's name of it.
        pictures: What its frames were made with; None if unknown.
    """

    rate: float | None
    names: Mapping[str, tuple[str, ...]]
    pictures: PictureSettings | None = None

    def names_of(self, features: Sequence[Feature]) -> tuple[str, ...]:
        """Name the numbers of flat features, one after another; by their index where none is known.

        >>> data = TrainingData(None, {"observation.state": ("shoulder", "elbow")})
        >>> data.names_of([Feature("observation.state", "STATE", (2,))])
        ('observation.state[0] (shoulder)', 'observation.state[1] (elbow)')
        """
        found = []
        for feature in features:
            size, known = feature.shape[0], self.names.get(feature.name, ())
            own = [f" ({name})" for name in known] if len(known) == size else [""] * size
            found += [f"{feature.name}[{index}]{own[index]}" for index in range(size)]
        return tuple(found)

    def pictures_of(self, cameras: Sequence[str], size: tuple[int, int]) -> PictureSettings:
        """Return what the frames of some cameras were made with, as far as it is known.

        >>> TrainingData(None, {}).pictures_of(["top"], (84, 84)).quality.stated
        False
        """
        known = self.pictures
        if known is None or known.image_size != size or not {*cameras} <= {*known.cameras}:
            return PictureSettings(cameras=tuple(cameras), image_size=size)
        return known.select(cameras)


def read_training_data(
    folder: Path, renames: Mapping[str, str], given: str | None = None
) -> TrainingData:
    """Read what is known of the data of a checkpoint.

    Args:
        folder: The checkpoint.
        renames: The policy's name of a feature by the data's.
        given: The dataset's folder, if the user says it.

    Raises:
        CheckpointError: The folder that is given holds no dataset.
    """
    said = _trained(folder / TRAIN_FILE)
    info = _info(Path(given).expanduser(), must=True) if given else _found(said.get("dataset"))
    if info is not None:
        names = {renames.get(name, name): tuple(f.names) for name, f in info.features.items()}
        return TrainingData(info.fps, names, _pictures(info.folder))
    env = said.get("env")
    rate = env.get("fps") if isinstance(env, dict) else None
    known = isinstance(rate, int | float) and not isinstance(rate, bool) and 0 < rate < 10_000
    return TrainingData(float(rate) if known else None, {})  # type: ignore[arg-type]


def _trained(path: Path) -> dict[str, Any]:
    """Read the settings of the training, of which nothing has to be there."""
    if not path.is_file():
        return {}
    try:
        said = read_json(path)
    except CheckpointError:
        return {}
    return said if isinstance(said, dict) else {}


def _found(dataset: Any) -> DatasetInfo | None:
    """Find the dataset that a training names, on this disk."""
    if not isinstance(dataset, dict):
        return None
    places = [Path(root).expanduser()] if isinstance(root := dataset.get("root"), str) else []
    if isinstance(name := dataset.get("repo_id"), str) and ".." not in name:
        places.append(Path(os.environ.get(HOME, USUAL_HOME)).expanduser() / name)
    return next((info for place in places if (info := _info(place))), None)


def _pictures(folder: Path) -> PictureSettings | None:
    try:
        return read_picture_settings(folder)
    except (OSError, DemonstrationError):
        return None


def _info(folder: Path, must: bool = False) -> DatasetInfo | None:
    try:
        return read_info(folder)
    except (OSError, DemonstrationError) as error:
        if must:
            raise CheckpointError(
                f"dataset must be the folder of a LeRobotDataset, with {INFO}. Got: {folder} "
                f"({error})."
            ) from error
        return None
