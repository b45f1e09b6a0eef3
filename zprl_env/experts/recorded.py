"""Recorded environment: what of it goes into a file beside the steps of its episodes."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from policies.demonstrations import Trajectory
from policies.demonstrations.lerobot.layout import RATE
from policies.pictures.settings import PictureSettings
from zprl_env.envs.flat import OBSERVATION
from zprl_env.experts.quality import Quality
from zprl_env.meaning.rate import control_rate

GYM = 2
"""robomimic's number for gymnasium's environments in ``env_args["type"]``."""


class Episode(NamedTuple):
    """One recorded episode: its seed, quality, trajectory and success.

    Attributes:
        seed: What the environment was reset with.
        quality: How well the expert was asked to perform; ``None`` of a policy, which nobody asks.
        trajectory: What was seen, and what was done, or what the expert meant to do.
        success: Whether the task was done before the time limit.
    """

    seed: int
    quality: Quality | None
    trajectory: Trajectory
    success: bool


class RecordedEnvironment(abc.ABC):
    """An environment and whoever acts in it, made once for any number of episodes.

    What an episode contains follows from its seed alone, not from the episodes before it, so any
    number of them side by side record what one would.

    Attributes:
        task: The environment as :func:`~zprl_env.make_env` takes it.
        env_kwargs: Passed to it.
        env: The environment.
    """

    task: str
    env_kwargs: Mapping[str, Any]
    env: gym.Env

    @abc.abstractmethod
    def perform(self, seed: int) -> Episode:
        """Perform one episode to its end.

        Args:
            seed: What the environment is reset with.
        """

    @property
    def provenance(self) -> dict[str, Any]:
        """Values of JSON that the episodes follow from, besides the recording's settings."""
        return {}

    @property
    def observation_keys(self) -> dict[str, slice]:
        """Slices of the flat observation by key; one part if the environment says nothing."""
        if self.env.has_wrapper_attr("observation_keys"):
            keys: dict[str, slice] = self.env.get_wrapper_attr("observation_keys")
            return keys
        (size,) = self.env.observation_space.shape or (0,)
        return {OBSERVATION: slice(0, size)}

    @cached_property
    def cameras(self) -> tuple[str, ...]:
        """Cameras whose pictures are recorded."""
        settings = self.picture_settings
        return () if settings is None else settings.cameras

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the recorded pictures are made with; None without cameras."""
        return None

    @property
    def felt_keys(self) -> tuple[str, ...]:
        """Keys of the observation that the robot knows of itself, where there are cameras."""
        eyes = getattr(self.env.unwrapped, "eyes", None)
        return () if eyes is None or not self.cameras else tuple(eyes.felt)

    def pictures(self) -> dict[str, np.ndarray]:
        """Take a picture of the present state with each camera; none without cameras."""
        if not self.cameras or not self.env.has_wrapper_attr("pictures"):
            return {}
        taken: dict[str, np.ndarray] = self.env.get_wrapper_attr("pictures")()
        return taken

    def reference(self) -> dict[str, np.ndarray]:
        """Take pictures of a state that others can reach again; none without cameras."""
        if not self.cameras:
            return {}
        self.env.reset(seed=0)
        return self.pictures()

    @property
    def rate(self) -> float | None:
        """Steps per second, as the environment states them; None if it does not."""
        kwargs = self.env_args.get("env_kwargs")
        said = kwargs.get("control_freq") if isinstance(kwargs, Mapping) else None
        return control_rate(self.env) if said is None else float(said)

    @property
    def env_args(self) -> dict[str, Any]:
        """Arguments that make the environment again, in robomimic's form."""
        if self.env.has_wrapper_attr("env_args"):
            known: dict[str, Any] = self.env.get_wrapper_attr("env_args")
            return known
        made = {"env_name": self.task, "type": GYM, "env_kwargs": dict(self.env_kwargs)}
        rate = control_rate(self.env)
        return made if rate is None else made | {RATE: rate}

    def close(self) -> None:
        """Free the simulator."""
        self.env.close()


def trajectory_of(
    observations: Mapping[str, np.ndarray],
    actions: np.ndarray,
    rewards: np.ndarray,
    success: bool,
    frames: Mapping[str, list[np.ndarray]],
) -> Trajectory:
    """Put the steps of a finished episode together.

    Args:
        observations: Before each action, by key. Shape ``(T, k)`` each.
        actions: Shape ``(T, A)``.
        rewards: Shape ``(T,)``.
        success: Whether the task was done.
        frames: Pictures before each action, by camera.
    """
    return Trajectory(
        observations=dict(observations),
        actions=actions,
        rewards=np.asarray(rewards, np.float32),
        dones=np.arange(len(actions)) == len(actions) - 1,
        success=success,
        frames={camera: np.array(taken) for camera, taken in frames.items()},
    )
