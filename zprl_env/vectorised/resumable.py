"""Vectorised wrapper to resume from: environments go to the place of others of the same seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from zprl_env.envs.episodes import EPISODE


class Place(NamedTuple):
    """Place of environments in their episodes, to resume from.

    Attributes:
        episode: Highest number of an episode that was begun.
        actions: The agent's actions in the episode under way, of one environment alone. Shape
            ``(T, agent_dim)``.
        observation: What the agent saw after them. Shape ``(O,)``.
    """

    episode: int
    actions: np.ndarray
    observation: np.ndarray

    def left(self) -> Place:
        """Return the place at which the episode under way is given up."""
        return Place(self.episode, self.actions[:0], self.observation[:0])


class ResumableVecEnv(VecEnvWrapper):
    """Vectorised wrapper that remembers the place of its environments, and resumes from one.

    A single simulated environment is brought to the very state it was in, by playing the episode
    under way again: its seed and the agent's actions determine it, which environments vouch for
    with an attribute ``replayable``. That of a robot's hardware has none, and nothing is done twice
    there. It and several environments begin their next episodes instead, so that all that is lost
    are the episodes under way.
    """

    def __init__(self, venv: VecEnv) -> None:
        """Wrap steered environments in :class:`~zprl_env.envs.episodes.SeededEpisodes`."""
        super().__init__(venv)
        self._episode = -1
        self._actions: list[np.ndarray] = []
        self._all = self._observation = np.empty(0)
        self._restored = False
        alone = isinstance(venv.unwrapped, DummyVecEnv) and venv.num_envs == 1
        self._replayable = (
            alone and venv.has_attr("replayable") and bool(venv.get_attr("replayable")[0])
        )

    @property
    def place(self) -> Place:
        """Present place of the environments."""
        return Place(self._episode, np.array(self._actions), self._observation)

    def go_to(self, place: Place) -> bool:
        """Resume at a place of environments of the same seed; the next ``reset`` keeps it.

        Args:
            place: Their :attr:`place`.

        Returns:
            Whether the episode under way was taken up again, rather than left for the next one.
        """
        self._episode = place.episode
        if self._replayable and place.observation.size:
            self._begin(place.episode)
            for action in place.actions:
                self.step(action[np.newaxis])
            if np.array_equal(self._observation, place.observation):
                self._restored = True
                return True
        self._begin(place.episode + 1)
        self._restored = True
        return False

    def reset(self) -> np.ndarray:
        """Begin an episode in every environment, unless they have just been resumed."""
        if self._restored:
            self._restored = False
            return self._all
        return self._note(self.venv.reset(), None)

    def step_async(self, actions: np.ndarray) -> None:
        """Send the actions on, and remember them."""
        self._restored = False
        if self._replayable:
            self._actions.append(np.array(actions[0]))
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Wait for the environments."""
        observations, rewards, dones, infos = self.venv.step_wait()
        return self._note(observations, dones), rewards, dones, infos

    def _begin(self, episode: int) -> None:
        """Begin an episode in every environment, of this number."""
        self.venv.env_method("continue_at", episode)
        self._note(self.venv.reset(), None)

    def _note(self, observations: np.ndarray, dones: np.ndarray | None) -> np.ndarray:
        self.reset_infos = self.venv.reset_infos
        if dones is None or dones.any():
            self._episode = max(self._episode, *(i[EPISODE] for i in self.reset_infos if i), -1)
            self._actions = []
        self._all = np.asarray(observations)
        self._observation = np.array(observations[0]) if self._replayable else np.empty(0)
        return observations
