"""Vectorised environment that simulates and learns at the same time, unseen by the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from zprl_env.errors import ConfigurationError
from zprl_env.vectorised.steering import SteeringVecEnv

DECISION, HALF = "decision", "half"
"""Keys of ``info``: the decision (observation and action) that ended now, and its half."""


class AlternatingVecEnv(VecEnv):
    """Vectorised environment of two halves in turns: one simulates while the agent learns.

    ``step`` sends the agent's actions to one half and returns what the other half has been doing
    since the step before: while an off-policy agent stores that and takes its gradient steps, the
    first half's processes are simulating. Each half acts on the newest agent and its own newest
    observations; that a decision reaches the agent one step later is the whole difference.

    What comes back does not follow from the actions just given. Each ``info`` therefore holds the
    decision it belongs to, which :class:`~zprl_env.training.agents.replay.AlternatingReplayBuffer`
    stores; on-policy agents cannot use this. The first decision of the second half is a zero
    action: the base policy.

    Args:
        first: One half; its ``step_async`` should return at once, as ``SubprocVecEnv``'s does.
        second: The other, of the same size.

    Raises:
        ConfigurationError: The halves are not alike.
    """

    def __init__(self, first: SteeringVecEnv, second: SteeringVecEnv) -> None:
        sizes = [half.num_envs for half in (first, second)]
        if sizes[0] != sizes[1]:
            raise ConfigurationError(f"The halves must be of one size. Got: {sizes}.")
        self.halves = (first, second)
        self._turn = 0
        self._observations = [np.empty(0)] * 2
        self._actions = [np.empty(0)] * 2
        self._under_way = [False] * 2
        self._arrived: list[VecEnvStepReturn | None] = [None] * 2
        super().__init__(first.num_envs, first.observation_space, first.action_space)

    @property
    def discount(self) -> float:
        """The agent's discount per decision, ``gamma ** n_action_steps``."""
        return self.halves[0].discount

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed environment ``i`` with ``seed + i``, the second half after the first."""
        following = None if seed is None else seed + self.num_envs
        return [*self.halves[0].seed(seed), *self.halves[1].seed(following)]

    def reset(self) -> np.ndarray:
        """Start an episode in every environment; decisions under way are dropped."""
        self._arrive()
        self._observations = [half.reset() for half in self.halves]
        self._turn = 1
        self.step_async(np.zeros((self.num_envs, *self.action_space.shape), np.float32))
        self._turn = 0
        self.reset_infos = self.halves[0].reset_infos
        return self._observations[0]

    def step_async(self, actions: np.ndarray) -> None:
        """Send the actions, shape ``(N, agent_dim)``, to the half whose turn it is."""
        self.halves[self._turn].step_async(actions)
        self._actions[self._turn] = np.array(actions)
        self._under_way[self._turn] = True

    def step_wait(self) -> VecEnvStepReturn:
        """Return the results of the other half; then it is its turn."""
        self._turn = turn = 1 - self._turn
        self._arrive(turn)
        result = self._arrived[turn]
        if result is None:
            raise gym.error.ResetNeeded("The episodes were never started: call reset() first.")
        observations, _, _, infos = result
        began = zip(self._observations[turn], self._actions[turn], strict=True)
        for info, decision in zip(infos, began, strict=True):
            info[DECISION], info[HALF] = decision, turn
        self._observations[turn] = np.asarray(observations)
        self.reset_infos = self.halves[turn].reset_infos
        return result

    def _arrive(self, *turns: int) -> None:
        """Receive the decisions under way in these halves, in both if none is named."""
        for turn in turns or (0, 1):
            if self._under_way[turn]:
                self._arrived[turn] = self.halves[turn].step_wait()
                self._under_way[turn] = False

    def close(self) -> None:
        """Close all environments."""
        for half in self.halves:
            half.close()

    def _on_both(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of both halves; the answer is that of the half whose turn it is."""
        self._arrive()
        return [getattr(half, method)(*args, **kwargs) for half in self.halves][self._turn]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Read an attribute of the environments whose turn it is."""
        values: list[Any] = self._on_both("get_attr", attr_name, indices)
        return values

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of both halves' environments."""
        self._on_both("set_attr", attr_name, value, indices)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method of both halves' environments."""
        values: list[Any] = self._on_both(
            "env_method", method_name, *method_args, indices=indices, **kwargs
        )
        return values

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Tell whether the environments are in a wrapper."""
        values: list[bool] = self._on_both("env_is_wrapped", wrapper_class, indices)
        return values

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Render the environments whose turn it is."""
        images: Sequence[np.ndarray | None] = self._on_both("get_images")
        return images
