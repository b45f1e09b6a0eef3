"""Gymnasium wrappers that put a frozen policy into an environment and let an agent steer it."""

from __future__ import annotations

from typing import Any, ClassVar, SupportsFloat

import gymnasium as gym
import numpy as np

from zprl_env.envs.episodes import EPISODE_SEED
from zprl_env.envs.flat import flat_environment
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.steering import (
    ActionSteering,
    JointSteering,
    LatentSteering,
    NoiseSteering,
    ObservationKind,
    Steering,
)
from zprl_env.steering.base import policy_generator
from zprl_env.steering.chunking import ActionChunkWrapper
from zprl_env.steering.compatibility import check_compatible
from zprl_env.steering.latent import Scale
from zprl_env.tasks import facts_of


def given(options: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Return options with defaults in place of those that are missing or ``None``.

    >>> given({"scale": None, "noise_scale": 0.0}, {"scale": 2.0, "noise_scale": 1.0})
    {'scale': 2.0, 'noise_scale': 0.0}
    """
    return {**usual, **{name: value for name, value in options.items() if value is not None}}


class SteeringWrapper(
    gym.Wrapper[np.ndarray, np.ndarray, Any, np.ndarray], gym.utils.RecordConstructorArgs
):
    """Base wrapper: a frozen policy drives the environment and the agent steers the policy.

    One step is one decision: the agent's action enters the policy where the subclass says, the
    policy decodes an action chunk, and :class:`ActionChunkWrapper` executes its first
    ``n_action_steps`` actions. The observation is what :class:`Steering` shows of the policy's
    encoding. A zero action is the base policy, to the bit.

    Attributes:
        policy: The frozen policy.
        steering: The batched core that this class runs with a batch of one.
    """

    env: ActionChunkWrapper
    steering_class: ClassVar[type[Steering]]

    def __init__(
        self,
        env: gym.Env,
        policy: PolicyLike,
        *,
        n_action_steps: int | None = None,
        gamma: float | None = None,
        **options: Any,
    ) -> None:
        """Wrap an environment.

        What is not given, or ``None``, is the task's (`zprl_env.tasks.facts_of`) or the steering's
        own, as on the command line.

        Args:
            env: Any environment with ``Box`` spaces that fit the policy; its observation may be a
                ``Dict`` of boxes, which :mod:`zprl_env.envs.flat` flattens.
            policy: A policy object, a checkpoint's path or a shipped policy's name.
            n_action_steps: Actions per decision; ``None`` takes the task's, and else the policy's.
            gamma: Discount per environment step; ``None`` takes the task's, and else 0.99.
            **options: Passed to ``steering_class``.

        Raises:
            PolicyMismatchError: Environment and policy do not fit each other.
            ConfigurationError: An argument is out of range.
        """
        self.policy = resolve_policy(policy)
        facts = facts_of(env)
        if n_action_steps is None:
            n_action_steps = facts.n_action_steps or self.policy.n_action_steps
        gamma = facts.gamma if gamma is None else gamma
        options = given(options, self.steering_class.usual(facts))
        env = flat_environment(env, self.policy)
        observation_dim = check_compatible(
            env.observation_space, env.action_space, self.policy, n_action_steps
        )
        gym.utils.RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            policy=policy,
            n_action_steps=n_action_steps,
            gamma=gamma,
            **options,
        )
        super().__init__(ActionChunkWrapper(env, n_action_steps, gamma))
        self.steering = self.steering_class(
            self.policy, observation_dim=observation_dim, n_action_steps=n_action_steps, **options
        )
        self.observation_space = self.steering.observation_space
        self.action_space = self.steering.action_space
        self._generator = policy_generator(None)
        self._latents: np.ndarray | None = None

    @property
    def discount(self) -> float:
        """The agent's discount per decision, ``gamma ** n_action_steps``."""
        return self.env.discount

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode; ``seed`` seeds the environment and the policy's random generator."""
        observation, info = self.env.reset(seed=seed, options=options)
        seed = info.get(EPISODE_SEED, seed)
        if seed is not None:
            self._generator = policy_generator(seed)
        return self._observe(observation), info

    def step(
        self, action: np.ndarray
    ) -> tuple[np.ndarray, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take one decision.

        Args:
            action: The agent's action in [-1, 1]; values outside are clipped.

        Returns:
            Observation, chunk reward, flags and info, as :meth:`ActionChunkWrapper.step` says, and
            ``info["steering"]``, as :meth:`Steering.measure` says.

        Raises:
            InvalidActionError: The action has another shape or is not finite.
            SimulationError: The environment's observation is not finite.
            gymnasium.error.ResetNeeded: The episode is over or was never started.
        """
        if self._latents is None:
            raise gym.error.ResetNeeded("The episode was never started: call reset() first.")
        decision = self.steering.act(
            np.asarray(action)[np.newaxis], self._latents, [self._generator]
        )
        observation, reward, terminated, truncated, info = self.env.step(decision.chunks[0])
        info["steering"] = self.steering.measure(decision)[0]
        return self._observe(observation), reward, terminated, truncated, info

    def _observe(self, observation: np.ndarray) -> np.ndarray:
        observations, self._latents = self.steering.observe(
            np.asarray(observation)[np.newaxis], [self._generator]
        )
        return observations[0]


class LatentSteeringWrapper(SteeringWrapper):
    """Wrapper for latent steering: z~ = z + scale * action (ZPRL, arXiv 2605.19919).

    Example:
        >>> import gymnasium as gym
        >>> from zprl_env import LatentSteeringWrapper
        >>> from zprl_env.testing import LinearPolicy
        >>> env = gym.make("Pendulum-v1")
        >>> env = LatentSteeringWrapper(env, LinearPolicy(3, 1), scale=0.5)
        >>> env.action_space
        Box(-1.0, 1.0, (2,), float32)
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> info["env_steps"]
        2
    """

    steering_class = LatentSteering

    def __init__(
        self,
        env: gym.Env,
        policy: PolicyLike,
        *,
        scale: Scale | None = None,
        n_action_steps: int | None = None,
        gamma: float | None = None,
        sample_latent: bool | None = None,
        noise_scale: float | None = None,
        observation: ObservationKind = "features",
    ) -> None:
        """Wrap an environment.

        Args:
            env: Any environment with flat ``Box`` spaces that fit the policy.
            policy: A policy object, a checkpoint's path or a shipped policy's name (``"Lift"``).
            scale: lambda: one number, one per latent dimension, or ``"auto"`` for the published
                rule RMS(lambda dz) = 0.1 RMS(z). ``None`` takes the task's, and else 2.
            n_action_steps: Actions per decision; ``None`` takes the task's, and else the policy's.
            gamma: Discount per environment step; ``None`` takes the task's, and else 0.99.
            sample_latent: Draw z ~ N(mu, sigma^2), as while collecting, the default; ``False``
                takes mu.
            noise_scale: Temperature of the flow's noise; 0 makes the policy deterministic. ``None``
                takes the task's, and else imitation's 1.
            observation: ``"features"`` (embedding and z), ``"state"`` (normalised observation and
                z) or ``"both"``.

        Raises:
            PolicyMismatchError: Environment and policy do not fit each other.
            ConfigurationError: An argument is out of range.
        """
        super().__init__(
            env,
            policy,
            n_action_steps=n_action_steps,
            gamma=gamma,
            scale=scale,
            sample_latent=sample_latent,
            noise_scale=noise_scale,
            observation=observation,
        )


class NoiseSteeringWrapper(SteeringWrapper):
    """Wrapper that shifts the flow's initial noise (DSRL); options as in :class:`NoiseSteering`."""

    steering_class = NoiseSteering


class JointSteeringWrapper(SteeringWrapper):
    """Wrapper for steering latent and noise together; options as in :class:`JointSteering`."""

    steering_class = JointSteering


class ActionSteeringWrapper(SteeringWrapper):
    """Wrapper that adds a residual to the action chunk; options as in :class:`ActionSteering`."""

    steering_class = ActionSteering
