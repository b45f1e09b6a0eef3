"""Reading a recorded robot episode back from its HDF5 file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats import hdf5
from policies.demonstrations.formats.robomimic import (
    episode_group,
    episode_names,
    read_env_args,
)
from policies.demonstrations.formats.source import IMAGE
from policies.errors import DemonstrationError
from real.recording.pictures import FRAMES, OBSERVED
from real.robot import JointCommand, RobotCommand
from real.tasks.files import parse_preset
from real.tasks.preset import Preset


@dataclass(frozen=True)
class RecordedEpisode:
    """A recorded episode: T steps of K control periods in all, with N arms.

    Attributes:
        preset: The task.
        outcome: How it ended.
        seed: Of the scene.
        date: When it was.
        provenance: Software and policy behind it.
        rewards: Shape ``(T,)``.
        infos: What the environment said after each step.
        step: Which step a control period belongs to. Shape ``(K,)``.
        time: When its command was sent, since the first [s]. Shape ``(K,)``.
        commanded: ``position``, ``quaternion``, ``gripper``, or ``joints`` and ``gripper``; NaN
            where nothing was sent. Shape ``(K, N, ...)`` each.
        measured: Poses, openings and velocities, and joints where they were commanded; NaN where
            nothing was measured.
        frames: Pictures after each step, by camera; those that were observed before each where no
            others are recorded. Shape ``(T, H, W, 3)`` each.
    """

    preset: Preset
    outcome: str
    seed: int
    date: str
    provenance: Mapping[str, Any]
    rewards: np.ndarray
    infos: tuple[Mapping[str, Any], ...]
    step: np.ndarray
    time: np.ndarray
    commanded: Mapping[str, np.ndarray]
    measured: Mapping[str, np.ndarray]
    frames: Mapping[str, np.ndarray]

    def command(self, tick: int) -> RobotCommand | JointCommand | None:
        """Return the command of a control period, None if nothing was sent."""
        values = {name: values[tick] for name, values in self.commanded.items()}
        if np.isnan(values["gripper"]).any():
            return None
        return (RobotCommand if self.preset.space == "pose" else JointCommand)(**values)


def read_recorded(path: str | PathLike[str], episode: int = -1) -> tuple[RecordedEpisode, int, int]:
    """Read one episode of a recording.

    Args:
        path: A recording.
        episode: Its number; negative ones count from the end.

    Returns:
        The episode, its number and how many there are.

    Raises:
        DemonstrationError: The file is no recording, or has no such episode.
    """
    try:
        with hdf5.open_hdf5(path) as file:
            names = episode_names(file)
            if not -len(names) <= episode < len(names):
                raise DemonstrationError(f"has episodes 0 to {len(names) - 1}. Got: {episode}.")
            preset = parse_preset(_preset(file), str(path))
            with episode_group(file, names[episode]) as group:
                read = _read(group, preset)
            return read, episode % len(names), len(names)
    except DemonstrationError as error:
        text = str(error).removeprefix(f"{path} ")
        if text.startswith("has episodes"):
            raise DemonstrationError(f"{path} {text}") from error
        raise DemonstrationError(f"{path} must be a recording: {text}") from error


def _preset(file: h5py.File) -> Any:
    kwargs = read_env_args(file).get("env_kwargs", {})
    if "preset" not in kwargs:
        raise DemonstrationError(
            "it must be of a robot. Got: no preset. Try python -m policies.inspect for other "
            "demonstrations."
        )
    return kwargs["preset"]


def _read(group: h5py.Group, preset: Preset) -> RecordedEpisode:
    found = hdf5.leaves(group)
    attributes = group.attrs
    must = ("ticks/stamp", "ticks/step", "rewards", "info")
    lacks = [name for name in must if name not in found]
    lacks += [name for name in ("outcome", "seed", "date", "provenance") if name not in attributes]
    if lacks:
        raise DemonstrationError(f"{group.name} must have {', '.join(lacks)}.")

    def part(folder: str) -> dict[str, np.ndarray]:
        return {
            name.removeprefix(folder): hdf5.read(values)
            for name, values in found.items()
            if name.startswith(folder)
        }

    stamps = hdf5.read(found["ticks/stamp"])
    infos = np.ravel(hdf5.read(found["info"])).tolist()
    texts = [text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in infos]
    episode = RecordedEpisode(
        preset=preset,
        outcome=str(attributes["outcome"]),
        seed=int(attributes["seed"]),
        date=str(attributes["date"]),
        provenance=hdf5.read_json(group, "provenance"),
        rewards=hdf5.read(found["rewards"]),
        infos=tuple(hdf5.parse_json(text, "info must be JSON") for text in texts),
        step=hdf5.read(found["ticks/step"]),
        time=stamps - stamps[0] if len(stamps) else stamps,
        commanded=part("ticks/commanded/"),
        measured=part("ticks/measured/"),
        frames=part(FRAMES) or _observed(found),
    )
    _check_lengths(episode)
    return episode


def _observed(found: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Read the pictures that were observed."""
    return {
        name.removeprefix(OBSERVED).removesuffix(IMAGE): hdf5.read(values)
        for name, values in found.items()
        if name.startswith(OBSERVED) and name.endswith(IMAGE) and values.ndim == 4
    }


def _check_lengths(episode: RecordedEpisode) -> None:
    """Check that what belongs to a step, or to a control period, is there for each of them."""
    steps, ticks, arms = len(episode.rewards), len(episode.time), len(episode.preset.arms)
    sizes: dict[str, tuple[int, ...]] = {"gripper": (arms,)}
    if episode.preset.space == "joints":
        sizes["joints"] = (arms, episode.preset.arms[0].joints)
    else:
        sizes |= {"position": (arms, 3), "quaternion": (arms, 4)}
    wrong = [name for name, v in episode.frames.items() if v.ndim != 4 or len(v) != steps]
    wrong += ["info"] * (len(episode.infos) != steps or not all(map(_is_object, episode.infos)))
    wrong += ["ticks/step"] * (
        episode.step.shape != (ticks,) or episode.step.dtype.kind not in "iu"
    )
    for kind, arrays in (("commanded", episode.commanded), ("measured", episode.measured)):
        for name, size in sizes.items():
            if name not in arrays or arrays[name].shape != (ticks, *size):
                wrong.append(f"ticks/{kind}/{name}")
    if episode.rewards.ndim != 1 or not steps or wrong:
        raise DemonstrationError(
            f"its {steps} steps, {ticks} control periods and {arms} arms must all be there. "
            f"Got others in: {', '.join(wrong) or 'rewards'}."
        )


def _is_object(info: Any) -> bool:
    return isinstance(info, dict)
