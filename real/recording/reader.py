"""Reading a recorded robot episode back from its HDF5 file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.robomimic import episode_names, read_env_args
from policies.errors import DemonstrationError
from real.robot import RobotCommand
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
        commanded: ``position``, ``quaternion``, ``gripper``; NaN where nothing was sent. Shape
            ``(K, N, ...)`` each.
        measured: The same and velocities; NaN where nothing was measured.
        frames: Pictures after each step, by camera. Shape ``(T, H, W, 3)`` each.
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

    def command(self, tick: int) -> RobotCommand | None:
        """Return the command of a control period, None if nothing was sent."""
        values = {name: values[tick] for name, values in self.commanded.items()}
        return None if np.isnan(values["position"]).any() else RobotCommand(**values)


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
        with h5py.File(path, "r") as file:
            names = episode_names(file)
            if not -len(names) <= episode < len(names):
                raise DemonstrationError(
                    f"{path} has episodes 0 to {len(names) - 1}. Got: {episode}."
                )
            preset = read_env_args(file)["env_kwargs"]["preset"]
            group = file["data"][names[episode]]
            return _read(group, parse_preset(preset, str(path))), episode % len(names), len(names)
    except OSError as error:
        raise DemonstrationError(f"{path} must be a recording: {error}.") from error
    except KeyError as error:
        raise DemonstrationError(
            f"{path} must be a recording of a robot. Got: {error.args[0]}. "
            "Try python -m policies.inspect for other demonstrations."
        ) from error


def _read(group: h5py.Group, preset: Preset) -> RecordedEpisode:
    stamps = group["ticks/stamp"][()]
    return RecordedEpisode(
        preset=preset,
        outcome=str(group.attrs["outcome"]),
        seed=int(group.attrs["seed"]),
        date=str(group.attrs["date"]),
        provenance=json.loads(group.attrs["provenance"]),
        rewards=group["rewards"][()],
        infos=tuple(json.loads(info) for info in group["info"].asstr()[()]),
        step=group["ticks/step"][()],
        time=stamps - stamps[0] if len(stamps) else stamps,
        commanded={name: group[f"ticks/commanded/{name}"][()] for name in group["ticks/commanded"]},
        measured={name: values[()] for name, values in group["ticks/measured"].items()},
        frames={name: values[()] for name, values in group.get("frames", {}).items()},
    )
