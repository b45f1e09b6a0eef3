"""Action chunks: a wrapper that executes several actions as one step; the only loop of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from policies.finite import all_finite
from zprl_env.errors import ConfigurationError, InvalidActionError, PolicyMismatchError
from zprl_env.steering.finiteness import check_observation, check_step
from zprl_env.task import Facts
from zprl_env.tasks import facts_of


def reported_success(info: Mapping[str, Any]) -> bool | None:
    """Read an environment's report of success: ``is_success``, and else ``success``.

    >>> reported_success({"success": 1.0}), reported_success({"is_success": False, "success": 1.0})
    (True, False)
    >>> reported_success({}) is None
    True
    """
    reported = info.get("is_success", info.get("success"))
    return None if reported is None else bool(reported)


class ActionChunkWrapper(
    gym.Wrapper[Any, np.ndarray, Any, np.ndarray], gym.utils.RecordConstructorArgs
):
    """Wrapper that turns an environment of single actions into one of action chunks.

    One step executes up to ``n_action_steps`` actions, clipped to the environment's bounds. It
    stops at the first ``terminated`` or ``truncated`` and reports that flag alone. The reward is
    ``sum_i gamma^i r_i`` over the actions that were executed, so an agent that learns on chunks
    discounts by ``gamma ** n_action_steps`` (:attr:`discount`).

    ``info`` is the last action's, with ``env_steps`` (how many actions were executed) and
    ``is_success`` (the environment's own ``is_success`` or ``success`` at any of them) added. An
    environment that reports neither never succeeds: ``is_success`` is False.

    Attributes:
        reports_success: Whether the environment has reported either so far.

    Example:
        >>> import gymnasium as gym
        >>> from zprl_env import ActionChunkWrapper
        >>> env = ActionChunkWrapper(gym.make("Pendulum-v1"), n_action_steps=4, gamma=0.99)
        >>> env.action_space.shape
        (4, 1)
        >>> _ = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> info["env_steps"], info["is_success"]
        (4, False)
    """

    def __init__(self, env: gym.Env, n_action_steps: int, gamma: float = 0.99) -> None:
        """Wrap an environment.

        Args:
            env: Environment whose action space is a one-dimensional ``Box``.
            n_action_steps: Number of actions in a chunk, at least 1.
            gamma: Discount per environment step, in (0, 1].

        Raises:
            PolicyMismatchError: The action space is not a one-dimensional ``Box``.
            ConfigurationError: ``n_action_steps`` or ``gamma`` is out of range.
        """
        if not isinstance(env.action_space, gym.spaces.Box) or len(env.action_space.shape) != 1:
            raise PolicyMismatchError(
                f"Expected an environment with a one-dimensional Box action space. "
                f"Got: {env.action_space}. Flatten or rescale its actions first."
            )
        if n_action_steps < 1:
            raise ConfigurationError(f"n_action_steps must be at least 1. Got: {n_action_steps}.")
        if not 0.0 < gamma <= 1.0:
            raise ConfigurationError(f"gamma must be in (0, 1]. Got: {gamma}.")
        gym.utils.RecordConstructorArgs.__init__(self, n_action_steps=n_action_steps, gamma=gamma)
        super().__init__(env)
        self.n_action_steps = n_action_steps
        self.gamma = gamma
        self._low, self._high = env.action_space.low, env.action_space.high
        self._discounts = (gamma ** np.arange(n_action_steps)).tolist()
        self._needs_reset = True
        self._steps = 0
        self.reports_success = False
        self.action_space = gym.spaces.Box(
            np.tile(self._low, (n_action_steps, 1)),
            np.tile(self._high, (n_action_steps, 1)),
            dtype=env.action_space.dtype.type,
        )

    @property
    def facts(self) -> Facts:
        """Scale, noise, discount and chunk of the environment's task."""
        return facts_of(self.env)

    @property
    def discount(self) -> float:
        """The discount of a whole chunk, ``gamma ** n_action_steps``."""
        return float(self.gamma**self.n_action_steps)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode; see :meth:`gymnasium.Env.reset`."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._steps = 0
        self._needs_reset = False
        return observation, info

    def step(self, action: np.ndarray) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Execute a chunk.

        Args:
            action: The chunk. Shape ``(n_action_steps, A)``, in the environment's units.

        Returns:
            The last observation, the discounted reward of the chunk, the first end that was met
            (``terminated`` and ``truncated`` are the environment's own) and ``info``.

        Raises:
            InvalidActionError: The chunk has another shape or is not finite.
            SimulationError: A reward, a report of success or the observation is not finite.
            gymnasium.error.ResetNeeded: The episode is over or was never started.
        """
        chunk = np.asarray(action)
        if chunk.shape != self.action_space.shape:
            raise InvalidActionError(
                f"Expected an action chunk of shape {self.action_space.shape} "
                f"(n_action_steps, action_dim). Got: {chunk.shape}."
            )
        if not all_finite(chunk):
            raise InvalidActionError("Expected a finite action chunk. Got: NaN or infinity in it.")
        if self._needs_reset:
            raise ResetNeeded("The episode is over or was never started: call reset() first.")

        reward, success, taken = 0.0, False, 0
        clipped = np.clip(chunk, self._low, self._high)
        for single, discount in zip(clipped, self._discounts, strict=True):
            observation, step_reward, terminated, truncated, info = self.env.step(single)
            self._steps += 1
            check_step(step_reward, info, self._steps)
            reward += discount * float(step_reward)
            reported = reported_success(info)
            if reported is not None:
                self.reports_success = True
                success = success or reported
            taken += 1
            if terminated or truncated:
                self._needs_reset = True
                break
        check_observation(observation, self._steps)
        return (
            observation,
            reward,
            terminated,
            truncated,
            {
                **info,
                "env_steps": taken,
                "is_success": success,
            },
        )
