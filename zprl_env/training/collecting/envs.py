"""Vectorised environment that stands for those of a crew, and is never stepped itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from zprl_env.errors import SimulationError
from zprl_env.steering.base import Steering
from zprl_env.training.collecting.crew import Crew
from zprl_env.training.collecting.interleaved import InterleavedReplayBuffer
from zprl_env.training.settings.recipe import Recipe
from zprl_env.vectorised.resumable import Place


class CollectedEnvs(VecEnv):
    """Vectorised environment of one column, by which a model knows its spaces and nothing else.

    Attributes:
        crew: The workers with the real environments.
        recipe: Settings of the run.
        steering: The batched core, as it is in each of them.
        whole: Whether an episode is played with one agent from beginning to end, as a robot does,
            which does not stop in mid-air for the learner.
        max_age: Updates by which the agent that chose a decision may be behind; None is the usual.
        replay_buffer_class: Buffer for what they send, in any order.
    """

    replay_buffer_class = InterleavedReplayBuffer

    def __init__(
        self,
        crew: Crew,
        recipe: Recipe,
        steering: Steering,
        *,
        whole: bool = False,
        max_age: int | None = None,
    ) -> None:
        """Stand for a crew's environments."""
        self.crew, self.recipe, self.steering = crew, recipe, steering
        self.whole, self.max_age = whole, max_age
        self.first_seed = 0
        self.next_episode: int | None = None
        super().__init__(1, *crew.spaces)

    @property
    def place(self) -> Place:
        """Place of the environments; the episodes under way are given up when a run resumes."""
        return Place(self.crew.episode, np.empty(0), np.empty(0))

    def go_to(self, place: Place) -> bool:
        """Resume behind the episodes that were begun; False, as none is taken up again."""
        self.next_episode = place.episode + 1
        return False

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Choose the seed of the first environment; the others follow."""
        self.first_seed = seed or 0
        return [seed]

    def reset(self) -> NoReturn:
        """Raise: workers begin their episodes by themselves."""
        self._refuse()

    def step_async(self, actions: np.ndarray) -> NoReturn:
        """Raise: workers decide by themselves."""
        self._refuse()

    def step_wait(self) -> VecEnvStepReturn:
        """Raise: workers decide by themselves."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SimulationError(
            "Environments that are collected from must be left to their workers. Got: a step or a "
            "reset. Learn by zprl_env.training.collecting.learning.learn_from_crew."
        )

    def close(self) -> None:
        """End the workers."""
        self.crew.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Read an attribute of the steering."""
        return [None] if attr_name == "render_mode" else [getattr(self.steering, attr_name)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> NoReturn:
        """Raise: they are elsewhere."""
        self._refuse()

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> NoReturn:
        """Raise: they are elsewhere."""
        self._refuse()

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Tell that nothing is: the wrappers are where the environments are."""
        return [False]
