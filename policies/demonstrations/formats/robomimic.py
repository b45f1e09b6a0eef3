"""Read episodes out of robomimic's HDF5 layout, whoever wrote it; recordings of a robot as well.

``data/demo_i/{obs/<key>, actions, rewards, dones}``, with ``env_args`` (JSON) on ``data``, and
optional lists of episode names under ``mask`` (robomimic.github.io/docs/datasets/overview.html). A
recording's episodes are links to the files of the folder beside it, and to no others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats import hdf5
from policies.demonstrations.formats.source import Entry, Source, StoredEpisode
from policies.demonstrations.formats.stored_frames import StoredFrames
from policies.errors import ConfigurationError, DemonstrationError
from policies.pictures.settings import ATTRIBUTE, PictureSettings

EPISODE = re.compile(r"demo_(\d{1,18})")
_PART = re.compile(r"[^/\\]+\.episodes/[^/\\]+\.hdf5")
_ROBOT_KEY = re.compile(r"robot\d+_(eef_pos|eef_quat|gripper_qpos)")
_ROBOSUITE = 1
"""robomimic's number for robosuite's environments in ``env_args["type"]``."""
FELT = "felt_keys"
"""Attribute of ``data``, JSON: keys that the robot knows of itself, which go beside pictures."""
_KNOWN = ("env_args", "total", "observation_keys", FELT)
_OBJECT = re.compile(r"object(-state)?|.*_obj_.*")
"""Keys of robosuite that say where objects are, which who sees must not need."""


class RobomimicSource(Source):
    """Demonstrations in robomimic's layout.

    Args:
        file: Open for reading.
        path: The file, for messages.

    Raises:
        DemonstrationError: It holds no episodes, or describes them in another way.
    """

    format = "robomimic's HDF5"

    def __init__(self, file: h5py.File, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._file = file
        self.names = tuple(episode_names(file))
        self.env_args = read_env_args(file)
        self._sparse = sparse_rewards(self.env_args)
        self.stored_keys = _stored_keys(file)
        self.masks = {name: sorted(listed) for name, listed in read_masks(file).items()}
        data = file["data"]
        stated = hdf5.read_json(data, ATTRIBUTE)
        if stated is not None:
            try:
                self.picture_settings = PictureSettings.from_dict(stated)
            except ConfigurationError as error:
                raise DemonstrationError(
                    f"attribute {ATTRIBUTE} must be settings: {error}"
                ) from error
        names = [name for name in data.attrs if name not in _KNOWN]
        self.remarks = {name: str(hdf5.attribute(data, name)) for name in names}

    def _open(self, name: str) -> StoredEpisode:
        with episode_group(self._file, name) as group:
            found = hdf5.members(group)
            obs = found.pop("obs", None)
            has = isinstance(obs, h5py.Group)
            seen = hdf5.leaves(obs) if has else {}
            lacks = f"must have a group 'obs'. Got: {sorted(found)}. {_EXTRACT}"
            arrays = {n: i for n, i in found.items() if isinstance(i, h5py.Dataset)}
            return StoredEpisode(
                name=name,
                observations={key: self._entry(name, f"obs/{key}", d) for key, d in seen.items()},
                actions={key: self._entry(name, key, d) for key, d in arrays.items()},
                rewards=self._optional(name, arrays, "rewards"),
                dones=self._optional(name, arrays, "dones"),
                success=read_success(group, self._sparse),
                members=sorted(group),
                lacks="" if has else lacks,
            )

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        with episode_group(self._file, name) as group:
            yield from group_arrays(group)

    def usual_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Choose robomimic's usual state keys: each robot's hand, then ``object``."""
        usual = [key for key in keys if _ROBOT_KEY.fullmatch(key)]
        return [*usual, "object"] if usual and "object" in keys else keys

    def felt_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Leave out where objects are: as the file says, or else by robosuite's names."""
        felt = hdf5.read_json(self._file["data"], FELT)
        if isinstance(felt, list):
            return [key for key in keys if key in felt]
        return [key for key in keys if not _OBJECT.fullmatch(key)]

    def _entry(self, episode: str, where: str, dataset: h5py.Dataset) -> Entry:
        """Describe a dataset whose file may be closed and opened again before it is read."""

        def read() -> np.ndarray:
            with episode_group(self._file, episode) as group:
                return hdf5.read(group[where])

        def stored() -> StoredFrames:
            with episode_group(self._file, episode) as group:
                found = group[where]
                hdf5.check(found)
                path = os.path.abspath(os.fsdecode(found.file.filename))
                return StoredFrames(path, found.name, tuple(found.shape), found.dtype)

        unfit = "" if dataset.shape is not None else "nothing"
        return Entry(tuple(dataset.shape or ()), dataset.dtype, read, unfit, stored)

    def _optional(self, episode: str, arrays: dict[str, h5py.Dataset], name: str) -> Entry | None:
        return self._entry(episode, name, arrays[name]) if name in arrays else None


_EXTRACT = "Extract observations first, for example with robomimic's dataset_states_to_obs.py."


@contextmanager
def episode_group(file: h5py.File, name: str) -> Iterator[h5py.Group]:
    """Open an episode's group, in the file or in the recording's file beside it.

    Raises:
        DemonstrationError: It lies elsewhere, or what it is in is missing.
    """
    data = file["data"]
    link = data.get(name, getlink=True)
    with ExitStack() as stack:
        if isinstance(link, h5py.ExternalLink) and _PART.fullmatch(link.filename):
            part = Path(os.fsdecode(file.filename)).parent / link.filename
            if not part.is_file():
                raise DemonstrationError(_missing_part(file, part))
            opened = stack.enter_context(hdf5.open_hdf5(part))
            data, name = opened["data"], "demo_0"
        group = hdf5.member(data, name)
        if not isinstance(group, h5py.Group):
            raise DemonstrationError(f"data/{name} must be a group of an episode's arrays.")
        yield group


def _missing_part(file: h5py.File, part: Path) -> str:
    whole = part.parent.is_dir()
    what = f"{part} is missing" if whole else f"the folder {part.parent} is missing"
    return (
        f"{file.filename} is the index of a recording whose episodes are files in the folder "
        f"beside it. Got: {what}. Copy that folder next to it as well; or, where both are, make "
        f"one file of them: python -m policies.convert {Path(file.filename).name} ONE.hdf5."
        + (" --skip-bad leaves this episode out." if whole else "")
    )


def group_arrays(group: h5py.Group) -> Iterator[tuple[str, np.ndarray]]:
    """Read all datasets of an episode's group by path, in the order HDF5 visits them."""
    found: dict[str, h5py.Dataset] = hdf5.leaves(group)
    for name in sorted(found, key=lambda name: name.split("/")):
        yield name, hdf5.read(found[name])


def episode_names(file: h5py.File, mask: str | None = None) -> list[str]:
    """Return the names of the episodes by number: all, or those of a list under ``mask``.

    Raises:
        DemonstrationError: If there are none, or no such list.
    """
    data = hdf5.member(file, "data")
    if not isinstance(data, h5py.Group):
        raise DemonstrationError(f"there must be a group 'data'. Got: {sorted(file)}.")
    names = sorted((n for n in data if EPISODE.fullmatch(n)), key=lambda name: int(name[5:]))
    if not names:
        raise DemonstrationError(f"there must be episodes data/demo_0, ... Got: {sorted(data)}.")
    if mask is None:
        return names
    masks = read_masks(file)
    return [name for name in names if name in masks.get(mask, ())]


def read_masks(file: h5py.File) -> dict[str, set[str]]:
    """Read robomimic's filter keys: names of episodes by list."""
    masks = hdf5.member(file, "mask")
    if not isinstance(masks, h5py.Group):
        return {}
    return {
        name: {n.decode("utf-8", "replace") if isinstance(n, bytes) else str(n) for n in listed}
        for name, dataset in hdf5.leaves(masks).items()
        for listed in [np.ravel(hdf5.read(dataset)).tolist() if dataset.size else []]
    }


def read_env_args(file: h5py.File) -> dict[str, Any]:
    """Read robomimic's description of the environment; empty if the file has none.

    Raises:
        DemonstrationError: If it is not JSON, or no description of an environment.
    """
    env_args = hdf5.read_json(file["data"], "env_args") or {}
    checks = {"env_args": env_args}
    if isinstance(env_args, dict) and env_args.get("env_kwargs") is not None:
        checks["env_args['env_kwargs']"] = env_args["env_kwargs"]
    for name, value in checks.items():
        if not isinstance(value, dict):
            raise DemonstrationError(
                f"attributes of 'data' must be JSON: {name} must be an object. "
                f"Got: {str(value)[:80]}."
            )
    return {name: value for name, value in env_args.items() if value is not None}


def sparse_rewards(env_args: dict[str, Any]) -> bool:
    """Tell whether robosuite's reward was 1 exactly where the task was done."""
    shaped = env_args.get("env_kwargs", {}).get("reward_shaping", False)
    return env_args.get("type") == _ROBOSUITE and not shaped


def read_success(group: h5py.Group, sparse: bool) -> bool | None:
    """Read an episode's success, by its own word or its sparse rewards; None if unsaid."""
    said = hdf5.success(group)
    if said is not None:
        return bool(np.any(said))
    if sparse and isinstance(group.get("rewards"), h5py.Dataset):
        rewards = hdf5.read(group["rewards"])
        if np.isin(rewards, (0.0, 1.0)).all():
            return bool(rewards.any())
    return None


def _stored_keys(file: h5py.File) -> tuple[str, ...] | None:
    keys = hdf5.read_json(file["data"], "observation_keys")
    if not keys:
        return None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise DemonstrationError(
            f"attributes of 'data' must be JSON: observation_keys must be a list of names. "
            f"Got: {str(keys)[:80]}."
        )
    if len({*keys}) < len(keys):
        raise DemonstrationError(f"observation_keys must name each key once. Got: {keys}.")
    return tuple(keys)
