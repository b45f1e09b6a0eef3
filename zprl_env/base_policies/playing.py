"""Playback of a frozen policy that sees, unsteered: what its success rate is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from policies.flow_policy import FlowPolicy
from zprl_env.envs.episodes import policy_seed
from zprl_env.steering.base import policy_generator
from zprl_env.steering.chunking import ActionChunkWrapper
from zprl_env.steering.latent import LatentSteering


class SeeingPlayback(gym.Wrapper[Any, np.ndarray, Any, np.ndarray]):
    """Playback of a policy that sees, from its latent's mean; the agent's action is not used.

    It draws what latent steering of scale zero draws, from the same seeds.

    Args:
        env: An environment with the policy's cameras.
        policy: The policy.
        noise: Start of the flow, such as ``"fresh"`` or ``"zero"``.
    """

    def __init__(self, env: gym.Env, policy: FlowPolicy, noise: str) -> None:
        super().__init__(ActionChunkWrapper(env, policy.n_action_steps))
        self._policy = policy
        size = policy.observation_dim
        self._steering = LatentSteering(policy, observation_dim=size, scale=0.0, noise=noise)
        self._generator = policy_generator(None)
        self._latents = np.zeros((1, policy.latent_dim), np.float32)
        self.action_space = self._steering.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; ``seed`` seeds the environment and the policy's random generator."""
        observation, info = self.env.reset(seed=seed, options=options)
        seed = policy_seed(info, seed)
        if seed is not None:
            self._generator = policy_generator(seed)
        self._look(observation)
        return observation, info

    def step(self, action: np.ndarray) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Execute the policy's next chunk, whatever the action."""
        zero = np.zeros((1, *self._steering.action_space.shape), np.float32)
        decision = self._steering.act(zero, self._latents, [self._generator])
        observation, *rest = self.env.step(decision.chunks[0])
        self._look(observation)
        return observation, *rest

    def _look(self, observation: Mapping[str, np.ndarray]) -> None:
        batch = {name: np.asarray(values)[np.newaxis] for name, values in observation.items()}
        self._latents = self._policy.encode(batch).mean


def seen_by(policy: FlowPolicy) -> dict[str, Any]:
    """Return the arguments of an environment whose pictures are as a policy has learned from.

    Args:
        policy: Any; one that sees states needs none.
    """
    settings = policy.picture_settings
    if settings is None:
        return {}
    quality = {"render_quality": settings.quality.name} if settings.quality.name else {}
    return {"cameras": settings.cameras, "image_size": settings.image_size, **quality}
