"""Gymnasium wrappers that put a frozen policy into an environment and let an agent steer it."""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any, ClassVar, SupportsFloat

import gymnasium as gym
import numpy as np

from zprl_env.ahead.committed import Committed
from zprl_env.ahead.delay import check_delay
from zprl_env.ahead.spent import Spent
from zprl_env.envs.conditions import at_rest_if_it_fails, check_single
from zprl_env.envs.episodes import policy_seed
from zprl_env.envs.flat import flat_environment
from zprl_env.envs.observation.statistics import check_statistics, has_moving_statistics
from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.meaning.reach import warn_if_nothing_moves
from zprl_env.options.former import refuse_former_names
from zprl_env.options.stored import calibrated_facts, stored_noise
from zprl_env.seeing.batches import single
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
from zprl_env.steering.identity import warn_of_another_task
from zprl_env.steering.latent import Scale
from zprl_env.steering.probe import question
from zprl_env.tasks import facts_of


def given(options: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Return options with defaults in place of those that are missing or ``None``.

    Raises:
        ConfigurationError: One has its former name.

    >>> given({"scale": None, "noise": "zero"}, {"scale": 2.0, "noise": "fresh"})
    {'scale': 2.0, 'noise': 'zero'}
    """
    refuse_former_names(options)
    return {**usual, **{name: value for name, value in options.items() if value is not None}}


class Option:
    """Option of the steering that is read and set through the environment: ``env.scale = 1.0``.

    So it is with ``set_attr`` of Stable-Baselines3's vectorised environments. A value that is out
    of range is refused, as the constructor does.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, env: SteeringWrapper | None, owner: type | None = None) -> Any:
        return self if env is None else getattr(env.steering, self._name)

    def __set__(self, env: SteeringWrapper, value: Any) -> None:
        env.steering.change(self._name, value)


class SteeringWrapper(
    gym.Wrapper[np.ndarray, np.ndarray, Any, np.ndarray], gym.utils.RecordConstructorArgs
):
    """Base wrapper: a frozen policy drives the environment and the agent steers the policy.

    One step is one decision: the agent's action enters the policy where the subclass says, the
    policy decodes an action chunk, and :class:`ActionChunkWrapper` executes its first
    ``n_action_steps`` actions. The observation is what :class:`Steering` shows of the policy's
    encoding. A zero action is the base policy, to the bit.

    The policy is asked a few questions when it is put in, and is frozen from then on: see
    ``zprl_env.testing.check_policy`` and :class:`~zprl_env.steering.frozen.Frozen`.

    Attributes:
        policy: The frozen policy.
        steering: The batched core that this class runs with a batch of one.
        scale: Size of the perturbation; it can be set, as can the other options.
        noise: Start of the policy's flow.
        sample_latent: Whether z is drawn from the posterior.
    """

    env: ActionChunkWrapper
    steering_class: ClassVar[type[Steering]]
    scale = Option()
    noise = Option()
    sample_latent = Option()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make every constant of a subclass's steering an option of the environment."""
        super().__init_subclass__(**kwargs)
        core = getattr(cls, "steering_class", None)
        for name in () if core is None else core.constants:
            if not hasattr(cls, name):
                option = Option()
                option.__set_name__(cls, name)
                setattr(cls, name, option)

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

        What is not given, or ``None``, is what ``zprl_env.calibrate --save`` has stored with the
        policy, else the task's (`zprl_env.tasks.facts_of`) or the steering's own, as on the command
        line.

        Args:
            env: Any environment with ``Box`` spaces that fit the policy; its observation may be a
                ``Dict`` of boxes, which :mod:`zprl_env.envs.flat` flattens, or, of a policy that
                sees, a ``Dict`` of ``state`` and pictures. One that is in
                :class:`ActionChunkWrapper` already is not wrapped in it again.
            policy: A policy object, a checkpoint's path or a shipped policy's name.
            n_action_steps: Actions per decision; ``None`` takes the task's, and else the policy's.
            gamma: Discount per environment step; ``None`` takes the task's, and else 0.99.
            **options: Passed to ``steering_class``.

        Raises:
            PolicyMismatchError: Environment and policy do not fit each other.
            ConfigurationError: An argument is out of range.
        """
        check_single(env, type(self).__name__)
        self.policy = resolve_policy(policy)
        facts = calibrated_facts(facts_of(env), self.policy)
        chunks = _chunks_of(env, n_action_steps, gamma)
        if chunks is not None:
            n_action_steps, gamma = chunks.n_action_steps, chunks.gamma
        if n_action_steps is None:
            n_action_steps = facts.n_action_steps or self.policy.n_action_steps
        gamma = facts.gamma if gamma is None else gamma
        delay = int(getattr(env.unwrapped if chunks is None else chunks, "delay", 0))
        check_delay(delay, n_action_steps, self.policy.horizon)
        options = given(options, self.steering_class.usual(facts))
        options["noise"] = stored_noise(options["noise"], self.policy)
        check_statistics(has_moving_statistics(env))
        env = flat_environment(env, self.policy)
        actions = env.action_space if chunks is None else chunks.env.action_space
        observation_dim = check_compatible(
            env.observation_space,
            actions,
            self.policy,
            n_action_steps,
            getattr(env.unwrapped, "picture_settings", None),
        )
        gym.utils.RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            policy=fspath(policy) if isinstance(policy, PathLike) else policy,
            n_action_steps=n_action_steps,
            gamma=gamma,
            **{name: _plain(value) for name, value in options.items()},
        )
        super().__init__(ActionChunkWrapper(env, n_action_steps, gamma) if chunks is None else env)
        own = [self.env.get_wrapper_attr(name) for name in ("env_args", "control_rate")]
        warn_of_another_task(self.policy, own[0], actions, own[1])
        self.steering = self.steering_class(
            self.policy,
            observation_dim=observation_dim,
            n_action_steps=n_action_steps,
            committed=Committed(delay, n_action_steps, actions) if delay else None,
            **options,
        )
        warn_if_nothing_moves(self.steering, question(self.env.observation_space))
        self._spent: Spent = self.env.get_wrapper_attr("spent")
        self.observation_space = self.steering.observation_space
        self.action_space = self.steering.action_space
        self._generator = policy_generator(None)
        self._latents: np.ndarray | None = None

    @property
    def discount(self) -> float:
        """The agent's discount per decision, ``gamma ** n_action_steps``."""
        discount: float = self.env.get_wrapper_attr("discount")
        return discount

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode; ``seed`` seeds the environment and the policy's random generator."""
        observation, info = self.env.reset(seed=seed, options=options)
        seed = policy_seed(info, seed)
        if seed is not None:
            self._generator = policy_generator(seed)
        self.steering.forget([0])
        seen = self._observe(observation)
        self.steering.begin(single(observation))
        return seen, info

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
        with at_rest_if_it_fails(self.env):
            with self._spent.by("policy"):
                decision = self.steering.act(
                    np.asarray(action)[np.newaxis], self._latents, [self._generator]
                )
            observation, reward, terminated, truncated, info = self.env.step(decision.chunks[0])
            info["steering"] = self.steering.measure(decision)[0]
            self.steering.executed(decision, [info])
            return self._observe(observation), reward, terminated, truncated, info

    def _observe(self, observation: Any) -> np.ndarray:
        with self._spent.by("policy"):
            observed = self.steering.observe(single(observation), [self._generator])
        observations, self._latents = observed
        return observations[0]


def _chunks_of(
    env: gym.Env, n_action_steps: int | None, gamma: float | None
) -> ActionChunkWrapper | None:
    """Return the wrapper of chunks that an environment is in already, if it is."""
    inside: gym.Env = env
    while isinstance(inside, gym.Wrapper) and not isinstance(inside, ActionChunkWrapper):
        if isinstance(inside, SteeringWrapper):
            raise PolicyMismatchError(
                f"An environment is steered by one wrapper. Got: one that is in "
                f"{type(inside).__name__} already. Give the environment inside, or its action is "
                f"taken for the environment's."
            )
        inside = inside.env
    if not isinstance(inside, ActionChunkWrapper):
        return None
    asked = {"n_action_steps": n_action_steps, "gamma": gamma}
    for name, value in asked.items():
        if value is not None and value != getattr(inside, name):
            raise ConfigurationError(
                f"{name} must be that of the ActionChunkWrapper the environment is in, "
                f"{getattr(inside, name)}. Got: {value}. Leave one of the two out."
            )
    return inside


def _plain(value: Any) -> Any:
    """Return an option as JSON holds it, so that ``env.spec.to_json()`` can."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


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
        noise: str | None = None,
        observation: ObservationKind = "features",
        **unknown: Any,
    ) -> None:
        """Wrap an environment.

        Args:
            env: Any environment with flat ``Box`` spaces that fit the policy, or with cameras if it
                sees (:func:`zprl_env.make_env_for`).
            policy: A policy object, a checkpoint's path or a shipped policy's name (``"Lift"``).
            scale: lambda: one number, one per latent dimension, ``"auto"`` for the rule of
                :func:`~zprl_env.steering.latent.auto_scale`, or ``"published"`` for
                RMS(lambda dz) = 0.1 RMS(z). ``None`` takes the checkpoint's calibration, else the
                task's, else ``"auto"``.
            n_action_steps: Actions per decision; ``None`` takes the task's, and else the policy's.
            gamma: Discount per environment step; ``None`` takes the task's, and else 0.99.
            sample_latent: Draw z ~ N(mu, sigma^2), as while collecting, the default; ``False``
                takes mu.
            noise: Start of the flow: ``"fresh"`` or ``"fresh:TEMPERATURE"`` draws N(0, I) for every
                decision, ``"zero"`` and ``"fixed:SEED"`` (one vector of N(0, I), the same for all
                decisions) leave nothing to chance. ``None`` takes the checkpoint's calibration,
                else the task's, else ``"fresh"``, which imitation trained with; a task's zero is
                for policies that were imitated here.
            observation: ``"features"`` (embedding and z), ``"state"`` (normalised observation and
                z) or ``"both"``.
            **unknown: Refused; a former name of an option is told its present one.

        Raises:
            PolicyMismatchError: Environment and policy do not fit each other.
            ConfigurationError: An argument is out of range.
            TypeError: There is no such option.
        """
        super().__init__(
            env,
            policy,
            n_action_steps=n_action_steps,
            gamma=gamma,
            scale=scale,
            sample_latent=sample_latent,
            noise=noise,
            observation=observation,
            **unknown,
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
