"""Telemetry of steering for TensorBoard: how hard the agent steers, by environment steps."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from zprl_env.errors import ConfigurationError

WINDOW = 100
"""Episodes of the rolling success rate."""


class SteeringTelemetry(BaseCallback):
    """Callback that logs steered environments' measures, for any Stable-Baselines3 algorithm.

    The curves go wherever the model's logger writes to (TensorBoard, CSV, the terminal), and their
    axis is environment steps, where Stable-Baselines3 puts its own over decisions:

    - ``steering/ratio``: RMS of the perturbation relative to what it perturbs, for the latent
      RMS(lambda dz) / RMS(z). At the base policy's 0 the agent changes nothing.
    - ``steering/saturation``: share of the action's numbers beyond 0.95. An agent that lives at
      the bounds wants a larger scale, or has lost its way.
    - ``steering/distance``: RMS distance of the decoded latents from those of the demonstrations,
      which themselves are at 1. Far outside, the decoder was never trained.
    - ``steering/success_rate``: of the last 100 episodes.

    Each point is over the decisions since the one before.

    Example:
        >>> import gymnasium as gym
        >>> from stable_baselines3 import SAC
        >>> from zprl_env import LatentSteeringWrapper
        >>> from zprl_env.testing import LinearPolicy
        >>> env = LatentSteeringWrapper(gym.make("Pendulum-v1"), LinearPolicy(3, 1), scale=0.5)
        >>> telemetry = SteeringTelemetry(every=20)
        >>> _ = SAC("MlpPolicy", env, learning_starts=50).learn(30, callback=telemetry)
        >>> telemetry.env_steps
        60
    """

    def __init__(self, every: int = 1_000, env_steps: int = 0) -> None:
        """Watch a run.

        Args:
            every: Environment steps between two points of the curves.
            env_steps: Environment steps that the run took before, if it is resumed.

        Raises:
            ConfigurationError: ``every`` is not at least 1.
        """
        super().__init__()
        if every < 1:
            raise ConfigurationError(f"every must be at least 1. Got: {every}.")
        self.every, self.env_steps = every, env_steps
        self._successes: deque[bool] = deque(maxlen=WINDOW)
        self._start_point()

    def _start_point(self) -> None:
        self._next = (self.env_steps // self.every + 1) * self.every
        self._measures: list[dict[str, float]] = []

    def _on_step(self) -> bool:
        for info, done in zip(self.locals["infos"], self.locals["dones"], strict=True):
            self._look_at(info)
            if done:
                self._successes.append(bool(info["is_success"]))
        if self.env_steps >= self._next:
            self._write_point()
        return True

    def _on_training_end(self) -> None:
        if self._measures:
            self._write_point()

    def _look_at(self, info: dict[str, Any]) -> None:
        if "steering" not in info:
            raise ConfigurationError(
                f"SteeringTelemetry must watch steered environments, whose info has 'steering'. "
                f"Got: {sorted(info)}. Wrap yours in LatentSteeringWrapper or SteeringVecEnv."
            )
        self._measures.append(info["steering"])
        self.env_steps += info["env_steps"]

    def _write_point(self) -> None:
        # A logger of its own into the same files: the model's own numbers are written by decisions.
        curves = Logger(None, self.logger.output_formats)
        ratio, saturation, distance = (
            np.array([measures[name] for measures in self._measures])
            for name in ("ratio", "saturation", "distance")
        )
        curves.record("steering/ratio", float(np.sqrt(np.mean(ratio**2))))
        curves.record("steering/saturation", float(np.mean(saturation)))
        curves.record("steering/distance", float(np.sqrt(np.mean(distance**2))))
        if self._successes:
            curves.record("steering/success_rate", float(np.mean(self._successes)))
        curves.record("steering/env_steps", self.env_steps, exclude="tensorboard")
        curves.dump(self.env_steps)
        self._start_point()
