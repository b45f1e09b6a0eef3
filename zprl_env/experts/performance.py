"""Record episodes: a scripted expert performs on an environment, one seed per episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np

from policies.errors import ConfigurationError, ZprlError
from policies.pictures.settings import PictureSettings
from zprl_env.envs import find_task, flat_environment, make_env
from zprl_env.experts import Demonstrator, Quality, make_expert, sample_quality
from zprl_env.experts.disturbance import Disturbance
from zprl_env.experts.recorded import Episode, RecordedEnvironment, trajectory_of
from zprl_env.steering.chunking import reported_success

MAX_SEED, MAX_EPISODES = 99, 10_000
VIEW = ("cameras", "image_size", "render_quality", "observation")
"""Arguments of an environment that say what is seen of it."""
QUALITY_STREAM, OPERATOR_STREAM, DISTURBANCE_STREAM = 1, 2, 3


def demonstration_seed(seed: int, index: int) -> int:
    """Return the environment's seed for a recording's episode: ``10_000 * seed + index``.

    No two recordings share one, and all stay below 1_000_000, where evaluation's seeds begin.

    Args:
        seed: The recording's seed, 0 to 99.
        index: The episode's number, 0 to 9999.

    Raises:
        ZprlError: If either lies outside its range.

    Example:
        >>> demonstration_seed(3, 7)
        30007
    """
    if not 0 <= seed <= MAX_SEED:
        raise ZprlError(f"a recording's seed must lie in 0 to {MAX_SEED}. Got: {seed}")
    if not 0 <= index < MAX_EPISODES:
        raise ZprlError(f"an episode's number must lie in 0 to {MAX_EPISODES - 1}. Got: {index}")
    return MAX_EPISODES * seed + index


def operator_for(seed: int) -> Demonstrator:
    """Draw the person of this seed.

    Example:
        >>> operator_for(3) == operator_for(3), operator_for(3) == operator_for(4)
        (True, False)
    """
    if seed < 0:
        raise ZprlError(f"an operator's seed must not be negative. Got: {seed}")
    return Demonstrator.sample(np.random.default_rng([seed, OPERATOR_STREAM]))


class Stage(RecordedEnvironment):
    """An environment and its expert, made once for any number of episodes.

    What an episode contains follows from its seed alone, not from the episodes before it, so any
    number of stages side by side record what one would.

    Args:
        task: A name in ``zprl_env.envs.TASKS`` whose row names an expert, or any environment's with
            an expert given.
        skill: See ``sample_quality``.
        operator: Whose habits the expert takes on.
        disturbance: How strongly the expert's hands are disturbed; see ``Disturbance``.
        expert: ``module:Class`` of an expert of one's own.
        env_kwargs: Passed to the environment.
        cameras: Cameras whose pictures are taken at every step; the expert sees states. Of a task
            that is seen they are its usual ones if none are named.
        image_size: Height and width of the pictures [pixels].
        render_quality: How they are drawn.

    Raises:
        UnknownNameError: If there is no such task, or nobody who can do it.
        ConfigurationError: If what is wanted of cameras stands in ``env_kwargs``, or lacks them.
        ZprlError: If the expert has no hands that could be disturbed.
    """

    def __init__(
        self,
        task: str,
        skill: float,
        operator: Demonstrator,
        disturbance: float = 0.0,
        *,
        expert: str | None = None,
        env_kwargs: Mapping[str, Any] | None = None,
        cameras: Sequence[str] = (),
        image_size: int | None = None,
        render_quality: str | None = None,
    ) -> None:
        self.task = task
        self.skill = skill
        self.operator = operator
        self.disturbance = disturbance
        self.expert_name = expert
        self.env_kwargs = dict(env_kwargs or {})
        self.expert = make_expert(task, expert, self.env_kwargs)
        if disturbance and not self.expert.HANDS:
            raise ZprlError(
                f"disturbance must be 0 for {task}, whose expert has no hand to push. "
                f"Got: {disturbance}."
            )
        self.sight: dict[str, Any] = {}
        cameras = cameras or _usual_cameras(task, self.env_kwargs)
        if cameras:
            if misplaced := {*VIEW} & {*self.env_kwargs}:
                raise ConfigurationError(
                    f"cameras of a recording must be named by options of their own, such as "
                    f"--cameras. Got: {', '.join(sorted(misplaced))} among the environment's."
                )
            self.sight = {
                "cameras": tuple(cameras),
                "image_size": image_size,
                "render_quality": render_quality,
            }
        elif image_size or render_quality:
            raise ConfigurationError(
                f"image_size and render_quality must come with cameras. Got: {image_size}, "
                f"{render_quality} and no cameras."
            )
        states = {**self.sight, "observation": "state"} if cameras else {}
        self.env: gym.Env = flat_environment(make_env(task, **self.env_kwargs, **states))

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the pictures are made with; None without cameras."""
        if not self.sight:
            return None
        settings: PictureSettings = self.env.get_wrapper_attr("picture_settings")
        return settings

    def perform(self, seed: int, quality: Quality | None = None) -> Episode:
        """Perform one episode to its end, be it success, the time limit or giving up.

        Args:
            seed: What the environment is reset with, and what the quality is drawn from.
            quality: How well to perform, instead of a quality drawn by skill.
        """
        if quality is None:
            rng = np.random.default_rng([seed, QUALITY_STREAM])
            quality = sample_quality(rng, self.skill, self.operator)
        keys = self.observation_keys
        chance = np.random.default_rng([seed, DISTURBANCE_STREAM])
        expert = self.expert
        disturb = Disturbance(self.disturbance, expert.HANDS, chance, absolute=expert.ABSOLUTE)
        observation, _ = self.env.reset(seed=seed)
        self.expert.reset(quality)

        observations, actions, rewards = [], [], []
        frames: dict[str, list[np.ndarray]] = {camera: [] for camera in self.cameras}
        ended = success = False
        while not ended:
            action = self.expert.act({key: observation[part] for key, part in keys.items()})
            observations.append(observation)
            for camera, picture in self.pictures().items():
                frames[camera].append(picture)
            actions.append(action)
            observation, reward, terminated, truncated, info = self.env.step(disturb(action))
            rewards.append(reward)
            success = success or bool(reported_success(info))
            ended = terminated or truncated or self.expert.gave_up

        table = np.array(observations)
        shown = {key: table[:, part] for key, part in keys.items()}
        trajectory = trajectory_of(shown, np.array(actions), np.array(rewards), success, frames)
        return Episode(seed, quality, trajectory, success)


def _usual_cameras(task: str, env_kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cameras that a task which is seen has by itself; none of others."""
    row = find_task(task)
    if row.kwargs.get("observation") != "pixels" or "cameras" in env_kwargs:
        return ()
    with closing(make_env(row, **env_kwargs)) as env:
        settings: PictureSettings = env.get_wrapper_attr("picture_settings")
    return settings.cameras
