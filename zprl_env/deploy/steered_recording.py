"""Steered recording: episodes of a policy that a trained agent steers, as demonstrations.

``python -m zprl_env.experts.record --run RUN`` performs on this stage in place of an expert's.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch

from policies.pictures.settings import STATE, PictureSettings
from zprl_env.base_policies.find import base_policy
from zprl_env.cli import settings
from zprl_env.deploy.exported import exported_agent, exported_config
from zprl_env.envs.flat import flatten, observation_keys
from zprl_env.envs.spaces import is_image
from zprl_env.errors import ConfigurationError
from zprl_env.evaluation import Agent, evaluate
from zprl_env.experts.recorded import Episode, RecordedEnvironment, trajectory_of
from zprl_env.loading.resolve import resolve_policy
from zprl_env.loading.shipped import steered_folder
from zprl_env.loading.steered_files import STEERED_FILE, read_steered
from zprl_env.seeing.environment import make_env_for
from zprl_env.seeing.fit import cameras_of, has_pictures, state_size
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import Config, check_policy, load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.run.agent import find_agent
from zprl_env.training.run.find import find_run


class StepRecorder(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Wrapper that keeps what an environment showed and the action that it then executed.

    It lies below the chunks, so that every step is kept, and its action as it was clipped.

    Attributes:
        states: Flat observation before each action of the episode.
        actions: The actions.
        rewards: Their rewards.
        frames: Pictures before each action, by camera.
    """

    def __init__(self, env: gym.Env, cameras: Sequence[str] = ()) -> None:
        """Wrap an environment.

        Args:
            env: One with a flat ``Box``, or a ``Dict`` of a ``state`` and pictures.
            cameras: Cameras whose pictures are kept: those of the observation, or, where it has
                none, of the environment's ``pictures``.
        """
        gym.utils.RecordConstructorArgs.__init__(self, cameras=cameras)
        super().__init__(env)
        self.cameras = tuple(cameras)
        self._forget()

    def _forget(self) -> None:
        self.states: list[np.ndarray] = []
        self.actions: list[np.ndarray] = []
        self.rewards: list[float] = []
        self.frames: dict[str, list[np.ndarray]] = {camera: [] for camera in self.cameras}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode, and forget the one before."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._forget()
        self._see(observation)
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Keep what was seen and the action, and take the step."""
        self.states.append(self._state)
        for camera, picture in self._pictures().items():
            self.frames[camera].append(np.array(picture))
        self.actions.append(np.array(action, np.float32))
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.rewards.append(float(reward))
        self._see(observation)
        return observation, reward, terminated, truncated, info

    def _see(self, observation: Any) -> None:
        """Hold an observation until the next action; its pictures are taken then, if at all."""
        self._observation = observation
        state = observation
        if isinstance(observation, Mapping):
            state = observation[STATE] if STATE in observation else np.zeros(0)
        self._state = np.array(state, np.float32)  # a copy: what lies above may choose parts of it

    def _pictures(self) -> Mapping[str, np.ndarray]:
        if not self.cameras:
            return {}
        if isinstance(self._observation, Mapping):
            return {camera: self._observation[camera] for camera in self.cameras}
        taken: Mapping[str, np.ndarray] = self.env.get_wrapper_attr("pictures")()
        return taken


class Steered(NamedTuple):
    """A policy and what steers it, before there is an environment.

    Attributes:
        config: Settings that the agent was trained with.
        policy: The base policy.
        folder: The run's folder, or the export.
        exported: Whether it is an export.
    """

    config: Config
    policy: SteerablePolicy
    folder: Path
    exported: bool

    def agent(self, env: SteeringWrapper) -> tuple[Agent, str]:
        """Load the agent, and the hash of its weights."""
        config = self.config
        if self.exported:
            metadata, _ = read_steered(self.folder)
            agent = exported_agent(self.folder, self.policy, str(config.policy))
            return agent, str(metadata["actor_sha256"])
        file = find_agent(self.folder, config.backend, _say).file
        agent = load_agent(file, config.algo, config.recipe, env, config.backend)
        return agent, hashlib.sha256(file.read_bytes()).hexdigest()


def find_steered(
    run: str,
    *,
    env: str | None = None,
    policy: str | None = None,
    policy_class: str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> Steered:
    """Find a run or an export, and load its base policy.

    Args:
        run: Folder of a run, or of several; an export's folder or address; or ``"shipped"``.
        env: Environment in place of its own.
        policy: Base policy in place of the one that it names.
        policy_class: ``module:Class`` of its checkpoint.
        env_kwargs: Passed to the environment besides its own.
        trust: Whether code and addresses that its settings name may be followed.

    Raises:
        CheckpointError: The policy cannot be loaded.
        ConfigurationError: The settings name code and are not trusted.
        RunFolderError: There is no such run, or its agent steers another policy.
    """
    path = Path(run)
    folder = path if path.exists() else steered_folder(run, env or Config.env)
    exported = (folder / STEERED_FILE).exists()
    words = [word for word in (env, policy, policy_class) if word is not None]
    if exported:
        config = exported_config(folder, trust=trust, policy=policy)
    else:
        folder = find_run(path, _say, with_agent=True)
        config = load_config(folder, trust=trust, given=words)
    own: dict[str, Any] = {"env": env, "policy": policy, "policy_class": policy_class}
    config = replace(config, **{name: word for name, word in own.items() if word is not None})
    kwargs = settings(config.env_kwargs) | dict(env_kwargs or {})
    torch.set_num_threads(1)  # more are slower for networks this small
    name = config.policy or str(base_policy(config.env, make=False, env_kwargs=kwargs))
    loaded = resolve_policy(name, config.policy_class)
    if not exported:
        check_policy(folder, loaded)
    return Steered(config, loaded, folder, exported)


class SteeredStage(RecordedEnvironment):
    """An environment and a policy that an agent steers there, made once for any number of episodes.

    Attributes:
        steered: The steered environment, which acts as in evaluation.
        agent: The agent.
    """

    def __init__(
        self,
        run: str,
        *,
        env: str | None = None,
        env_kwargs: Mapping[str, Any] | None = None,
        policy: str | None = None,
        policy_class: str | None = None,
        trust: bool = False,
        cameras: Sequence[str] = (),
        image_size: int | None = None,
        render_quality: str | None = None,
    ) -> None:
        """Load a run and make its environment.

        Args:
            run: As :func:`find_steered` takes it, with the next five.
            env: Likewise.
            env_kwargs: Likewise.
            policy: Likewise.
            policy_class: Likewise.
            trust: Likewise.
            cameras: Cameras whose pictures are recorded beside the states of a policy that sees
                none; of one that sees they are its own.
            image_size: Height and width of the pictures [pixels].
            render_quality: How they are drawn.

        Raises:
            ConfigurationError: Cameras are named for a policy that sees through its own.
        """
        found = find_steered(
            run,
            env=env,
            policy=policy,
            policy_class=policy_class,
            env_kwargs=env_kwargs,
            trust=trust,
        )
        config, base = found.config, found.policy
        self.task = config.env
        self.env_kwargs = settings(config.env_kwargs) | dict(env_kwargs or {})
        sees = cameras_of(base)
        made = make_env_for(
            base, config.env, **self.env_kwargs, **_sight(sees, cameras, image_size, render_quality)
        )
        if not sees:
            keys = observation_keys(base) if has_pictures(made.observation_space) else None
            made = flatten(made, keys)
        self.env: StepRecorder = StepRecorder(made, _pictures_of(made) if sees else cameras)
        self.steered = evaluation_env(self.env, base, config.steer, config.recipe)
        self.agent, weights = found.agent(self.steered)
        self._sees = bool(sees)
        self._described = {
            "algo": config.algo,
            "steer": config.steer,
            "noise": str(self.steered.noise),
            "n_action_steps": self.steered.env.n_action_steps,
            "agent_sha256": weights,
            "policy_sha256": getattr(base, "weights_hash", None),
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Environment and agent, as values of JSON; no folder of this machine's is named."""
        kwargs = {"env_kwargs": dict(self.env_kwargs)} if self.env_kwargs else {}
        return {"env": self.task, **kwargs, "steered_by": self._described}

    @property
    def observation_keys(self) -> dict[str, slice]:
        """Slices of the recorded state by key."""
        size = state_size(self.env.observation_space)
        if not self._sees or self.env.has_wrapper_attr("observation_keys"):
            return super().observation_keys
        return {STATE: slice(0, size)} if size else {}

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the recorded pictures are made with; None without cameras."""
        if not self.env.cameras:
            return None
        if self.env.has_wrapper_attr("picture_settings"):
            said = self.env.get_wrapper_attr("picture_settings")
            if isinstance(said, PictureSettings):
                return said
        space: Any = self.env.observation_space
        height, width, _ = space[self.env.cameras[0]].shape
        return PictureSettings(cameras=self.env.cameras, image_size=(height, width))

    @property
    def felt_keys(self) -> tuple[str, ...]:
        """Keys that the robot knows of itself; of a policy that sees, all that is recorded."""
        return tuple(self.observation_keys) if self._sees else super().felt_keys

    def perform(self, seed: int) -> Episode:
        """Play one episode to its end, as evaluation does.

        Args:
            seed: What the environment is reset with.
        """
        result = evaluate(self.steered, self.agent, [seed])
        success = bool(result.successes.any())  # of one episode, or none that counts
        steps = self.env
        table = np.array(steps.states)
        shown = {key: table[:, part] for key, part in self.observation_keys.items()}
        actions, rewards = np.array(steps.actions), np.array(steps.rewards)
        trajectory = trajectory_of(shown, actions, rewards, success, steps.frames)
        return Episode(seed, None, trajectory, success)

    def close(self) -> None:
        """Free the simulator."""
        self.steered.close()


def _sight(
    sees: Sequence[str], cameras: Sequence[str], image_size: int | None, quality: str | None
) -> dict[str, Any]:
    """Return the environment's arguments for cameras beside a policy that sees none."""
    if not cameras and not image_size and not quality:
        return {}
    if sees:
        raise ConfigurationError(
            f"cameras, image_size and render_quality must be left out for a policy that sees: its "
            f"own are recorded, {', '.join(sees)}. Got: {[*cameras] or image_size or quality}."
        )
    if not cameras:
        raise ConfigurationError(
            f"image_size and render_quality must come with cameras. Got: {image_size}, {quality} "
            "and no cameras."
        )
    return {
        "cameras": tuple(cameras),
        "image_size": image_size,
        "render_quality": quality,
        "observation": "state",
    }


def _pictures_of(env: gym.Env) -> tuple[str, ...]:
    """Return the names of an observation's pictures, in order."""
    spaces: Mapping[str, gym.Space] = getattr(env.observation_space, "spaces", {})
    return tuple(name for name, space in spaces.items() if is_image(space))


def _say(line: str) -> None:
    print(line, file=sys.stderr)
