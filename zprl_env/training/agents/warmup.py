"""Warm-up: decisions of the base policy in the replay buffer before learning starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.training.agents.replay import end_trajectories


def warm_up(
    model: OffPolicyAlgorithm, decisions: int, callback: BaseCallback, noise: float = 0.0
) -> None:
    """Fill the replay buffer with zero perturbations, or with small ones.

    Stable-Baselines3's ``learning_starts`` would act uniformly at random, at the base policy's
    expense; the zero action costs nothing, because it is the base policy.

    Args:
        model: An off-policy model whose environments have just been made.
        decisions: How many decisions, over all environments.
        callback: Told of every decision and its step, as in ``learn``; it may stop the warm-up.
        noise: Standard deviation of Gaussian perturbations in place of the zeros.
    """
    env, buffer = model.get_env(), model.replay_buffer
    if env is None or buffer is None or decisions <= 0:
        return
    callback.init_callback(model)
    actions = np.zeros((env.num_envs, *env.action_space.shape), np.float32)
    observations = env.reset()
    for _ in range(-(-decisions // env.num_envs)):
        callback.on_rollout_start()
        if noise:  # by numpy's global generator, as Stable-Baselines3's own first actions
            drawn = np.random.normal(0.0, noise, actions.shape)  # noqa: NPY002
            actions = drawn.clip(-1.0, 1.0).astype(np.float32)
        following, rewards, dones, infos = env.step(actions)
        stored = np.array(following)
        for index in np.flatnonzero(dones):
            stored[index] = infos[index]["terminal_observation"]
        buffer.add(observations, stored, actions, rewards, dones, infos)
        model.num_timesteps += env.num_envs
        observations = following
        callback.update_locals({"infos": infos, "dones": dones})
        if not callback.on_step():
            break
    # Learning begins with a reset.
    end_trajectories(buffer)


class WarmUp(BaseCallback):
    """Callback by which Stable-Baselines3's own warm-up plays the base policy, for RL Zoo's files.

    The first ``learning_starts`` decisions are samples of ``model.action_space``. Until they are
    over, this callback puts one there whose every sample is zero, and takes the action noise away.

    Example:
        >>> import gymnasium as gym
        >>> from stable_baselines3 import SAC
        >>> model = SAC("MlpPolicy", gym.make("Pendulum-v1"), learning_starts=9, buffer_size=100)
        >>> _ = model.learn(10, callback=WarmUp())
        >>> [bool(action) for action in model.replay_buffer.actions[:10].any(axis=(1, 2))]
        [False, False, False, False, False, False, False, False, False, True]
    """

    model: OffPolicyAlgorithm

    def _on_training_start(self) -> None:
        self._usual = (self.model.action_space, self.model.action_noise)
        if self.model.num_timesteps < self.model.learning_starts:
            space = self.model.action_space
            self.model.action_space = _Rest(space.low, space.high, dtype=space.dtype.type)
            self.model.action_noise = None

    def _on_step(self) -> bool:
        if self.model.num_timesteps >= self.model.learning_starts:
            self._end()
        return True

    def _on_training_end(self) -> None:
        self._end()

    def _end(self) -> None:
        self.model.action_space, self.model.action_noise = self._usual


class _Rest(spaces.Box):
    """A box whose samples are zero."""

    def sample(self, *args: Any, **kwargs: Any) -> np.ndarray:
        """Return zeros."""
        return np.zeros(self.shape, self.dtype)
