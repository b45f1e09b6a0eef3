"""Vectorised environment steered by one frozen policy, called once per decision for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecEnvWrapper, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from zprl_env.ahead.committed import Committed
from zprl_env.ahead.spent import Spent
from zprl_env.envs.conditions import at_rest_if_it_fails
from zprl_env.envs.episodes import policy_seed
from zprl_env.envs.flat import check_order
from zprl_env.envs.observation.statistics import check_statistics
from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.meaning.reach import warn_if_nothing_moves
from zprl_env.options.stored import calibrated_facts, stored_noise
from zprl_env.seeing import batches
from zprl_env.seeing.fit import check_pictures
from zprl_env.steering.base import policy_generator
from zprl_env.steering.compatibility import check_compatible
from zprl_env.steering.decision import Decision
from zprl_env.steering.identity import warn_of_another_task
from zprl_env.steering.probe import question
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import given

FIXED = ("gamma", "n_action_steps", "observation", "policy", "steering")
"""Options that are fixed when the environments are made."""


class SteeringVecEnv(VecEnvWrapper):
    """Vectorised wrapper: a frozen policy drives a Stable-Baselines3 ``VecEnv`` of chunks.

    The workers run :class:`~zprl_env.ActionChunkWrapper`, take pictures if there are cameras, and
    run nothing of the policy, which lives once, in this process. Each environment has a random
    generator of its own: seeded alike, it goes through the episodes it would go through in a
    :class:`~zprl_env.LatentSteeringWrapper` of its own, up to the rounding of a batched product (at
    most 1e-5 of an action).

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
            **options: Those of that steering, such as ``scale`` and ``noise``; what is not
                given is the checkpoint's calibration, the task's or the steering's own.

        Raises:
            PolicyMismatchError: The environments are not chunked or do not fit the policy.
            ConfigurationError: An option is out of range.
            UnknownNameError: There is no such way of steering.
        """
        core = find_steering(steer).core
        self.policy = resolve_policy(policy)
        if not isinstance(venv, VecEnv):
            raise PolicyMismatchError(
                f"SteeringVecEnv takes a vectorised environment of Stable-Baselines3. Got: "
                f"{type(venv).__module__}.{type(venv).__name__}. Make one: DummyVecEnv([make, ...])"
                f" or SubprocVecEnv, whose make returns ActionChunkWrapper(env, n_action_steps)."
            )
        chunks = venv.action_space
        if not isinstance(chunks, gym.spaces.Box) or len(chunks.shape) != 2:
            raise PolicyMismatchError(
                f"Expected environments in ActionChunkWrapper, whose actions are chunks of shape "
                f"(n_action_steps, action_dim). Got: {chunks}. Wrap each of them first."
            )
        single = gym.spaces.Box(chunks.low[0], chunks.high[0], dtype=np.float32)
        chunked = venv.has_attr("ordered_keys")
        delay = int(_common(venv, "delay")) if chunked else 0
        n_action_steps = chunks.shape[0] - delay
        observation_dim = check_compatible(
            venv.observation_space, single, self.policy, n_action_steps
        )
        check_statistics(_moving(venv))
        if chunked:
            check_statistics(any(venv.get_attr("moving_statistics")))
            # Of all, since each may be on a machine of its own.
            for pictures in _different(venv.get_attr("picture_settings")):
                check_pictures(self.policy, pictures)
            for keys in venv.get_attr("ordered_keys"):
                check_order(keys, self.policy)
            rate = _common(venv, "control_rate")
            for task in _different(venv.get_attr("env_args")):
                warn_of_another_task(self.policy, task, single, rate)
        facts = calibrated_facts(_common(venv, "facts"), self.policy)
        options = given(options, core.usual(facts))
        options["noise"] = stored_noise(options["noise"], self.policy)
        self.steering = core(
            self.policy,
            observation_dim=observation_dim,
            n_action_steps=n_action_steps,
            committed=Committed(delay, n_action_steps, single) if delay else None,
            **options,
        )
        warn_if_nothing_moves(self.steering, question(venv.observation_space))
        self._spent = _spent(venv, chunked)
        super().__init__(venv, self.steering.observation_space, self.steering.action_space)
        self.discount = float(_common(venv, "discount"))
        self._generators = [policy_generator(None) for _ in range(self.num_envs)]
        self._latents: np.ndarray | None = None
        self._measures: list[dict[str, float]] = []
        self._decision: Decision | None = None

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed environment ``i`` and its random generator with ``seed + i`` at the next reset."""
        self._seeds = list(self.venv.seed(seed))
        return self._seeds

    def reset(self) -> np.ndarray:
        """Start an episode in every environment. Shape ``(N, observation_space)``."""
        observations = self.venv.reset()
        self.reset_infos = _innermost(self.venv).reset_infos
        for index, seed in enumerate(self._seeds):
            self._seed_generator(index, seed)
        self._reset_seeds()
        self.steering.forget(range(self.num_envs))
        seen = self._observe(observations)
        self.steering.begin(observations)
        return seen

    def step_async(self, actions: np.ndarray) -> None:
        """Decode the agent's actions, shape ``(N, agent_dim)``, and send each worker its chunk."""
        if self._latents is None:
            raise gym.error.ResetNeeded("The episodes were never started: call reset() first.")
        with at_rest_if_it_fails(None, self.venv):
            with self._spent.by("policy"):
                decision = self.steering.act(actions, self._latents, self._generators)
            self.venv.step_async(decision.chunks)
        self._measures, self._decision = self.steering.measure(decision), decision

    def step_wait(self) -> VecEnvStepReturn:
        """Wait for the chunks; ``terminal_observation`` is that of the steered environment.

        ``infos[i]["steering"]`` is what :meth:`Steering.measure` says of environment ``i``.
        """
        with at_rest_if_it_fails(None, self.venv):
            return self._told_by(*self.venv.step_wait())

    def _told_by(
        self, following: Any, rewards: np.ndarray, dones: np.ndarray, infos: list[dict[str, Any]]
    ) -> VecEnvStepReturn:
        for info, measures in zip(infos, self._measures, strict=True):
            info["steering"] = measures
        if self._decision is not None:
            self.steering.executed(self._decision, infos)
        self.reset_infos = _innermost(self.venv).reset_infos
        over = np.flatnonzero(dones)
        if over.size:
            # By themselves: a batch of another size is rounded otherwise, and the first observation
            # of an episode is to be the same whether another episode came before it or not.
            last = batches.stacked([infos[index]["terminal_observation"] for index in over])
            own = [self._generators[index] for index in over]
            seen, _ = self.steering.observe(last, own, over.tolist())
            self.steering.forget(over.tolist())
            for index, observation in zip(over, seen, strict=True):
                infos[index]["terminal_observation"] = observation
                self._seed_generator(index, None)
        seen = self._observe(following)
        if over.size:
            self.steering.begin(batches.rows(following, over), seldom=True)
        return seen, rewards, dones, infos

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Read an attribute of the environments, or an option of their steering."""
        if attr_name in self.steering.changeable():
            return [getattr(self.steering, attr_name) for _ in self._get_indices(indices)]
        return list(self.venv.get_attr(attr_name, indices))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the environments, or an option of their steering: ``scale``.

        Raises:
            ConfigurationError: The option is out of range, is fixed, or is to be set for some of
                the environments, which are steered by one policy.
        """
        if attr_name not in (*self.steering.changeable(), *FIXED):
            self.venv.set_attr(attr_name, value, indices)
            return
        if len(set(self._get_indices(indices))) != self.num_envs:
            raise ConfigurationError(
                f"{attr_name} must be set for all {self.num_envs} environments, which one policy "
                f"steers. Got: indices {indices}. Leave them out."
            )
        self.steering.change(attr_name, value)

    def _seed_generator(self, index: int, seed: int | None) -> None:
        """Seed an environment's random generator for the episode that begins, if it has a seed."""
        seed = policy_seed(self.reset_infos[index], seed)
        if seed is not None:
            self._generators[index] = policy_generator(seed)

    def _observe(self, observations: Any) -> np.ndarray:
        with self._spent.by("policy"):
            seen, self._latents = self.steering.observe(observations, self._generators)
        return seen


def _spent(venv: VecEnv, chunked: bool) -> Spent:
    """Return what a policy's time is counted in: that of a robot, if there is one in here."""
    robot = chunked and venv.num_envs == 1 and isinstance(venv.unwrapped, DummyVecEnv)
    return venv.get_attr("spent")[0] if robot else Spent()


def _moving(venv: VecEnv) -> bool:
    """Tell whether a vector's wrapper normalises by statistics that go on changing."""
    while isinstance(venv, VecEnvWrapper):
        if isinstance(venv, VecNormalize) and venv.norm_obs and venv.training:
            return True
        venv = venv.venv
    return False


def _different(values: Sequence[Any]) -> list[Any]:
    """Return values without those that are equal to one before.

    >>> _different([[1], [2], [1]])
    [[1], [2]]
    """
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _common(venv: VecEnv, name: str) -> Any:
    """Return an attribute that all environments have alike, wherever they are.

    Raises:
        PolicyMismatchError: They differ.
    """
    first, *others = _different(venv.get_attr(name))
    if others:
        raise PolicyMismatchError(
            f"All environments of a vector must have the same {name}. Got: {first} and "
            f"{others[0]}. Make them alike, or train on a vector of each."
        )
    return first


def _innermost(venv: VecEnv) -> VecEnv:
    """Return the environments inside all wrappers, not all of which hand on reset's infos."""
    while isinstance(venv, VecEnvWrapper):
        venv = venv.venv
    return venv
