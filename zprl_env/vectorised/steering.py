"""Vectorised environment steered by one frozen policy, called once per decision for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from zprl_env.envs.episodes import EPISODE_SEED
from zprl_env.errors import PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.steering.base import policy_generator
from zprl_env.steering.compatibility import check_compatible
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import given


class SteeringVecEnv(VecEnvWrapper):
    """Vectorised wrapper: a frozen policy drives a Stable-Baselines3 ``VecEnv`` of chunks.

    The workers run :class:`~zprl_env.ActionChunkWrapper` and nothing of the policy, which lives
    once, in this process. Each environment has a random generator of its own: seeded alike, it goes
    through the episodes it would go through in a :class:`~zprl_env.LatentSteeringWrapper` of its
    own, up to the rounding of a batched product (at most 1e-5 of an action).

    Attributes:
        policy: The frozen policy.
        steering: The batched core.
        discount: The agent's discount per decision, ``gamma ** n_action_steps``.

    Example:
        >>> import gymnasium as gym
        >>> from stable_baselines3.common.vec_env import DummyVecEnv
        >>> from zprl_env import ActionChunkWrapper, SteeringVecEnv
        >>> from zprl_env.testing import LinearPolicy
        >>> make = lambda: ActionChunkWrapper(gym.make("Pendulum-v1"), n_action_steps=2)
        >>> envs = SteeringVecEnv(DummyVecEnv([make] * 4), LinearPolicy(3, 1), scale=0.5)
        >>> envs.reset().shape, envs.action_space
        ((4, 5), Box(-1.0, 1.0, (2,), float32))
    """

    def __init__(
        self, venv: VecEnv, policy: PolicyLike, *, steer: str = "latent", **options: Any
    ) -> None:
        """Wrap a vectorised environment.

        Args:
            venv: Environments in :class:`~zprl_env.ActionChunkWrapper`.
            policy: A policy object, a checkpoint's path or a shipped policy's name.
            steer: Where the agent enters the policy: a key of ``STEERINGS`` or
                ``"module:Class"``.
            **options: Those of that steering, such as ``scale`` and ``noise_scale``; what is not
                given is the task's or the steering's own.

        Raises:
            PolicyMismatchError: The environments are not chunked or do not fit the policy.
            ConfigurationError: An option is out of range.
            UnknownNameError: There is no such way of steering.
        """
        core = find_steering(steer).core
        self.policy = resolve_policy(policy)
        chunks = venv.action_space
        if not isinstance(chunks, gym.spaces.Box) or len(chunks.shape) != 2:
            raise PolicyMismatchError(
                f"Expected environments in ActionChunkWrapper, whose actions are chunks of shape "
                f"(n_action_steps, action_dim). Got: {chunks}. Wrap each of them first."
            )
        single = gym.spaces.Box(chunks.low[0], chunks.high[0], dtype=np.float32)
        n_action_steps = chunks.shape[0]
        observation_dim = check_compatible(
            venv.observation_space, single, self.policy, n_action_steps
        )
        facts = venv.get_attr("facts", indices=0)[0]
        self.steering = core(
            self.policy,
            observation_dim=observation_dim,
            n_action_steps=n_action_steps,
            **given(options, core.usual(facts)),
        )
        super().__init__(venv, self.steering.observation_space, self.steering.action_space)
        self.discount = float(venv.get_attr("discount", indices=0)[0])
        self._generators = [policy_generator(None) for _ in range(self.num_envs)]
        self._latents: np.ndarray | None = None
        self._measures: list[dict[str, float]] = []

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed environment ``i`` and its random generator with ``seed + i`` at the next reset."""
        self._seeds = list(self.venv.seed(seed))
        return self._seeds

    def reset(self) -> np.ndarray:
        """Start an episode in every environment. Shape ``(N, observation_space)``."""
        observations = self.venv.reset()
        self.reset_infos = self.venv.reset_infos
        for index, seed in enumerate(self._seeds):
            self._seed_generator(index, seed)
        self._reset_seeds()
        return self._observe(np.asarray(observations))

    def step_async(self, actions: np.ndarray) -> None:
        """Decode the agent's actions, shape ``(N, agent_dim)``, and send each worker its chunk."""
        if self._latents is None:
            raise gym.error.ResetNeeded("The episodes were never started: call reset() first.")
        decision = self.steering.act(actions, self._latents, self._generators)
        self.venv.step_async(decision.chunks)
        self._measures = self.steering.measure(decision)

    def step_wait(self) -> VecEnvStepReturn:
        """Wait for the chunks; ``terminal_observation`` is that of the steered environment.

        ``infos[i]["steering"]`` is what :meth:`Steering.measure` says of environment ``i``.
        """
        following, rewards, dones, infos = self.venv.step_wait()
        for info, measures in zip(infos, self._measures, strict=True):
            info["steering"] = measures
        self.reset_infos = self.venv.reset_infos
        over = np.flatnonzero(dones)
        if over.size:
            # By themselves: a batch of another size is rounded otherwise, and the first observation
            # of an episode is to be the same whether another episode came before it or not.
            last = np.asarray([infos[index]["terminal_observation"] for index in over])
            seen, _ = self.steering.observe(last, [self._generators[index] for index in over])
            for index, observation in zip(over, seen, strict=True):
                infos[index]["terminal_observation"] = observation
                self._seed_generator(index, None)
        return self._observe(np.asarray(following)), rewards, dones, infos

    def _seed_generator(self, index: int, seed: int | None) -> None:
        """Seed an environment's random generator for the episode that begins, if it has a seed."""
        seed = self.reset_infos[index].get(EPISODE_SEED, seed)
        if seed is not None:
            self._generators[index] = policy_generator(seed)

    def _observe(self, observations: np.ndarray) -> np.ndarray:
        seen, self._latents = self.steering.observe(observations, self._generators)
        return seen
