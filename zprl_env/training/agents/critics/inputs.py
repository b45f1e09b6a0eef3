"""Inputs of actor and critics: the base policy's action apart, and critics on executed actions."""

from __future__ import annotations

from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.preprocessing import get_action_dim, get_flattened_obs_dim
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor

from zprl_env.errors import ZprlError
from zprl_env.steering.base import Steering
from zprl_env.training.agents.critics.executed import ExecutedCritic

CriticInput = Literal["action", "sum", "chunk"]
"""Action that critics judge: the agent's own; the base policy's and the scaled residual together;
or the chunk that its action is decoded to."""


class WithoutBase(BaseFeaturesExtractor):
    """Flat observation without its last numbers, which are the base policy's actions."""

    def __init__(self, observation_space: gym.Space, size: int) -> None:
        """Leave out the last ``size`` numbers."""
        super().__init__(observation_space, get_flattened_obs_dim(observation_space) - size)
        self.size = size

    def forward(self, observations: Tensor) -> Tensor:
        """Map ``(B, O)`` to ``(B, O - size)``."""
        return observations.flatten(start_dim=1)[:, : -self.size]


class Inputs(BasePolicy):
    """Mixin with options of what actor and critics are shown, before Stable-Baselines3's class.

    Example: ``SAC(SACPolicy, env, policy_kwargs={"critic_input": "sum"})`` and :func:`bind`.
    """

    critic_kwargs: dict[str, Any]

    def __init__(
        self,
        *args: Any,
        critic_input: CriticInput = "action",
        actor_sees_base: bool = True,
        chunk_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            critic_input: ``"action"`` of the agent; ``"sum"`` of base action and scaled residual,
                for a steering whose observation ends with the base action; or ``"chunk"``, SAC's
                alone: see :class:`ExecutedCritic`.
            actor_sees_base: Show the actor the base action, where the observation has one.
            chunk_dim: Numbers of an executed chunk, for ``"chunk"``; ``None`` is as many as the
                agent's action has.
            **kwargs: Stable-Baselines3's.
        """
        if critic_input not in get_args(CriticInput):
            raise ZprlError(
                f"critic_input must be one of {', '.join(get_args(CriticInput))}. "
                f"Got: {critic_input!r}."
            )
        self.critic_input, self.actor_sees_base = critic_input, actor_sees_base
        self.chunk_dim = chunk_dim
        self.residual_scale: float | None = None
        super().__init__(*args, **kwargs)
        self.own |= {"critic_input": critic_input, "actor_sees_base": actor_sees_base}
        self.own |= {"chunk_dim": chunk_dim}

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        if isinstance(self.critic, ExecutedCritic) and not getattr(self, "base_samples", 0):
            self.critic.optimizer.register_step_post_hook(lambda *_: self.critic.distil())

    def _without_base(self) -> WithoutBase:
        return WithoutBase(self.observation_space, get_action_dim(self.action_space))

    def make_actor(self, features_extractor: Any = None) -> Any:
        """Build the actor; see Stable-Baselines3."""
        if not self.actor_sees_base:
            features_extractor = self._without_base()
        return super().make_actor(features_extractor)

    def make_critic(self, features_extractor: Any = None) -> Any:
        """Build the critics; see Stable-Baselines3."""
        if self.critic_input == "chunk":
            return ExecutedCritic(self._make_judge(), super().make_critic(None)).to(self.device)
        if self.critic_input == "action":
            return super().make_critic(features_extractor)
        critic = super().make_critic(self._without_base())
        critic.register_forward_pre_hook(lambda _, given: self._executed(*given))
        return critic

    def _make_judge(self) -> Any:
        """Build the critics of executed chunks, as those of actions are."""
        size = self.chunk_dim or get_action_dim(self.action_space)
        usual = self.critic_kwargs
        space = gym.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        try:
            self.critic_kwargs = usual | {"action_space": space}
            return super().make_critic(None)
        finally:
            self.critic_kwargs = usual

    def _executed(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Add the base action, with which observations end, to the scaled residual."""
        if self.residual_scale is None:
            raise ZprlError("A policy with critic_input='sum' must be bound. Call bind(model).")
        base = observations.flatten(start_dim=1)[:, -actions.shape[1] :]
        return observations, base + self.residual_scale * actions

    def bind(self, steering: Steering) -> None:
        """Tell the critics how an action is executed.

        Args:
            steering: The steering that the agent learns with.

        Raises:
            ZprlError: It is of another kind than what was asked for.
        """
        shows_base = getattr(steering, "base_action", False)
        if (self.critic_input == "sum" or not self.actor_sees_base) and not shows_base:
            raise ZprlError(
                "critic_input='sum' and actor_sees_base=False must come with a steering that shows "
                f"the base action. Got: {type(steering).__name__} without it. "
                "Try --steer action --steer-kwargs base_action=true."
            )
        if self.critic_input == "sum":
            self.residual_scale = float(steering.scale)  # type: ignore[attr-defined]
        if self.critic_input == "chunk":
            self.critic.bind(steering)
            self.critic_target.bind(steering)


def bind(model: BaseAlgorithm) -> None:
    """Tell a model's critics how its actions are executed; others than ours need not know.

    Args:
        model: A model whose environments are steered.

    Raises:
        ZprlError: The steering is of another kind than what was asked for.
    """
    env: Any = model.get_env()
    policy = model.policy
    if not isinstance(policy, Inputs) or env is None:
        return
    if policy.critic_input == "action" and policy.actor_sees_base:
        return
    policy.bind(steering_of(env))


def steering_of(env: Any) -> Steering:
    """Find the steering of vectorised environments, one for all or one in each."""
    halves = getattr(env, "halves", None)
    found = getattr(halves[0] if halves else env, "steering", None)
    steering: Steering = env.get_attr("steering")[0] if found is None else found
    return steering
