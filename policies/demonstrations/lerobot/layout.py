"""Layout of a LeRobotDataset to write: features, rate, task, and how pictures are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from policies.demonstrations.lerobot.source import ENVIRONMENT, STATE
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError
from policies.pictures.settings import PictureSettings

Version = Literal["v3.0", "v2.1"]
Pictures = Literal["png", "h264", "av1"]
OBJECT = re.compile(r"object(-state)?|.*_obj_.*|(observation\.)?environment_state")
"""Names of observations that say where things are, which is LeRobot's environment state."""
RATE = "rate"
"""Steps per second in ``env_args``, of an environment whose ``env_kwargs`` have no control_freq."""


class Episodes(Protocol):
    """Interface of the demonstrations that a dataset is written from."""

    @property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """The episodes."""

    @property
    def env_args(self) -> dict[str, Any]:
        """Robomimic's description of the environment."""

    @property
    def observation_keys(self) -> tuple[str, ...]:
        """The order of the flat observation."""

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the frames were made with."""


@dataclass(frozen=True)
class LerobotSettings:
    """Settings of a LeRobotDataset to write.

    Attributes:
        version: Of the format.
        fps: Steps per second; ``control_freq`` of the environment if not given.
        task: In words; the environment's name if not given.
        pictures: ``"png"`` in the rows keeps every bit; codecs make smaller files.
        environment_keys: Observations that say where things are; by their names if not given.
    """

    version: Version = "v3.0"
    fps: float | None = None
    task: str | None = None
    pictures: Pictures = "png"
    environment_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Features of a dataset and what they are made of.

    Attributes:
        parts: Sizes of observations by feature and key.
        cameras: Features of pictures by the camera's name.
        sizes: Shape of a frame by camera.
        action_dim: Numbers in an action.
        fps: Steps per second.
        task: In words.
        rewards: Whether rewards are known.
        success: Whether every episode's outcome is known.
        video: Whether pictures are videos.
    """

    parts: Mapping[str, Mapping[str, int]]
    cameras: Mapping[str, str]
    sizes: Mapping[str, tuple[int, ...]]
    action_dim: int
    fps: float
    task: str
    rewards: bool
    success: bool
    video: bool

    def vectors(self, episode: Trajectory) -> dict[str, np.ndarray]:
        """Return what LeRobot calls features of an episode, pictures and counters aside."""
        seen = {
            feature: np.concatenate([episode.observations[key] for key in sizes], axis=1)
            for feature, sizes in self.parts.items()
        }
        last = np.arange(len(episode)) == len(episode) - 1
        found = {**seen, "action": episode.actions}
        found = {name: values.astype(np.float32) for name, values in found.items()}
        if self.rewards:
            found["next.reward"] = episode.rewards.astype(np.float32)
        found["next.done"] = episode.dones.astype(bool) if episode.dones.any() else last
        if self.success:
            found["next.success"] = last & bool(episode.success)
        return found

    def features(self) -> dict[str, dict[str, Any]]:
        """Return the features as ``meta/info.json`` has them, without the counters."""
        found: dict[str, dict[str, Any]] = {}
        for feature, sizes in self.parts.items():
            names = [n for key, size in sizes.items() for n in _names(key, size)]
            found[feature] = {"dtype": "float32", "shape": [len(names)], "names": names}
        for camera, feature in self.cameras.items():
            kind, shape = "video" if self.video else "image", [*self.sizes[camera]]
            names = ["height", "width", "channels"]
            found[feature] = {"dtype": kind, "shape": shape, "names": names}
        names = _names("action", self.action_dim)
        found["action"] = {"dtype": "float32", "shape": [self.action_dim], "names": names}
        single = [("next.reward", "float32", self.rewards), ("next.done", "bool", True)]
        for name, dtype, there in [*single, ("next.success", "bool", self.success)]:
            if there:
                found[name] = {"dtype": dtype, "shape": [1], "names": None}
        return found


def layout_of(demonstrations: Episodes, settings: LerobotSettings) -> Layout:
    """Lay demonstrations out as a LeRobotDataset.

    Raises:
        DemonstrationError: They have no rate, no states, or pictures as a state.
    """
    episodes, keys = demonstrations.trajectories, demonstrations.observation_keys
    first = episodes[0]
    pictures = [key for key in keys if first.observations[key].ndim != 2]
    if pictures:
        raise DemonstrationError(
            f"observations must be vectors; pictures are cameras'. Got: {', '.join(pictures)}. "
            "Leave them out of --observation-keys; cameras are written anyway."
        )
    cameras = {name: f"observation.images.{name}" for name in first.frames}
    return Layout(
        parts=_parts(first, keys, settings.environment_keys),
        cameras=cameras,
        sizes={name: tuple(frames.shape[1:]) for name, frames in first.frames.items()},
        action_dim=first.actions.shape[1],
        fps=_fps(demonstrations.env_args, settings.fps),
        task=settings.task or str(demonstrations.env_args.get("env_name") or "do the task"),
        rewards=any(episode.rewards.any() for episode in episodes),
        success=all(episode.success is not None for episode in episodes),
        video=bool(cameras) and settings.pictures != "png",
    )


def layout_notes(layout: Layout) -> list[str]:
    """Say what LeRobot's policies would miss."""
    notes = []
    if ENVIRONMENT not in layout.parts and not layout.cameras:
        notes.append(
            f"LeRobot's policies need pictures or {ENVIRONMENT}: name the observations that say "
            "where things are with --environment-keys"
        )
    if STATE not in layout.parts:
        notes.append(
            f"there is no {STATE}, which LeRobot's Diffusion needs: all observations say where "
            "things are"
        )
    if not layout.success:
        notes.append("next.success is left out: not every episode's outcome is known")
    return notes


def _parts(
    first: Trajectory, keys: Sequence[str], told: Sequence[str]
) -> dict[str, dict[str, int]]:
    unknown = [key for key in told if key not in keys]
    if unknown:
        raise DemonstrationError(
            f"environment keys must be observations, {', '.join(keys)}. Got: {', '.join(unknown)}."
        )
    where = [key for key in keys if (key in told if told else OBJECT.fullmatch(key))]
    sides = {STATE: [key for key in keys if key not in where], ENVIRONMENT: where}
    return {
        feature: {key: first.observations[key].shape[1] for key in names}
        for feature, names in sides.items()
        if names
    }


def _fps(env_args: Mapping[str, Any], given: float | None) -> float:
    kwargs = env_args.get("env_kwargs")
    stated = kwargs.get("control_freq") if isinstance(kwargs, Mapping) else None
    stated = env_args.get(RATE) if stated is None else stated
    fps = given if given is not None else stated
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps <= 10_000:
        raise DemonstrationError(
            f"a LeRobotDataset must have a rate in steps per second. Got: {fps}, as the "
            "demonstrations state no control_freq and no rate. Give it: --fps 20."
        )
    return float(fps)


def _names(key: str, size: int) -> list[str]:
    return [key] if size == 1 else [f"{key}.{i}" for i in range(size)]
