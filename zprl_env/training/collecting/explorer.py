"""Explorer: a copy of the learner's actor, with which a worker decides by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from safetensors.numpy import load, save
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from torch import Tensor

from zprl_env.training.settings.recipe import Recipe


class Design(NamedTuple):
    """Design of an actor: what a worker has to know once, to build the learner's.

    Attributes:
        policy_class: Class of the model's policy.
        policy_kwargs: Its arguments.
        observation_space: Of the agent.
        action_space: Of the agent, from -1 to 1.
        action_noise: Standard deviation of Gaussian noise on its actions.
        warmup_noise: Standard deviation of Gaussian actions before learning; 0 is zeros, which are
            the base policy.
    """

    policy_class: Any
    policy_kwargs: dict[str, Any]
    observation_space: gym.Space[Any]
    action_space: gym.Space[Any]
    action_noise: float
    warmup_noise: float


def design_of(model: OffPolicyAlgorithm, recipe: Recipe) -> Design:
    """Return the design of a model's actor.

    Args:
        model: An off-policy model of torch.
        recipe: Its settings.
    """
    return Design(
        model.policy_class,
        model.policy_kwargs,
        model.observation_space,
        model.action_space,
        recipe.action_noise,
        recipe.warmup_noise,
    )


def weights_of(model: OffPolicyAlgorithm) -> bytes:
    """Return the weights of a model's actor, and nothing else of it, as safetensors."""
    state: dict[str, Tensor] = model.policy.actor.state_dict()
    return save({name: value.detach().cpu().numpy() for name, value in state.items()})


class Explorer:
    """Copy of an actor that explores as Stable-Baselines3 does; until it has weights, the base."""

    def __init__(self, design: Design, seed: int) -> None:
        """Build the actor.

        Args:
            design: Of the learner's.
            seed: Of all that it draws.
        """
        torch.manual_seed(seed)
        self._rng = np.random.default_rng(seed)
        self._design = design
        spaces = design.observation_space, design.action_space
        self._policy = design.policy_class(*spaces, lambda _: 0.0, **design.policy_kwargs)
        self._policy.set_training_mode(False)
        self._learned = False

    def take(self, weights: bytes) -> None:
        """Take weights, all at once; empty ones are those of the base policy."""
        self._learned = bool(weights)
        if weights:
            arrays = load(weights)
            # Of the learner's, exactly: strict.
            tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
            self._policy.actor.load_state_dict(tensors)

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Choose actions. Shape ``(n, O)`` to ``(n, A)``, float32."""
        shape = (len(observations), *(self._design.action_space.shape or ()))
        if not self._learned:
            drawn = self._rng.normal(0.0, self._design.warmup_noise, shape)
        else:
            drawn, _ = self._policy.predict(observations, deterministic=False)
            if self._design.action_noise:
                drawn = drawn + self._rng.normal(0.0, self._design.action_noise, shape)
        return np.clip(drawn, -1.0, 1.0).astype(np.float32)
