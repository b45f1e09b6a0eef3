"""From a recipe to a model, and from a model to an agent."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.agents.jax_agent import make_jax_model
from zprl_env.training.agents.off_policy import make_off_policy
from zprl_env.training.agents.on_policy import make_on_policy
from zprl_env.training.settings.algorithms import TRAITS, check_algorithm
from zprl_env.training.settings.recipe import AlgorithmName, BackendName, Recipe


def make_model(
    algo: AlgorithmName,
    recipe: Recipe,
    env: VecEnv,
    *,
    n_action_steps: int,
    seed: int,
    backend: BackendName = "torch",
) -> BaseAlgorithm:
    """Build an unmodified model that starts at the base policy.

    Args:
        algo: The algorithm.
        recipe: Its settings.
        env: The steered environments.
        n_action_steps: Environment steps per decision.
        seed: Seeds networks, exploration and replay.
        backend: ``"torch"`` for Stable-Baselines3 and sb3-contrib, ``"sbx"`` for SBX, in JAX.

    Returns:
        The model.

    Raises:
        MissingExtraError: The backend is not installed.
        ZprlError: The algorithm cannot do what the recipe says.
    """
    check_algorithm(algo, backend, recipe)
    if backend == "sbx":
        make = make_jax_model
    else:
        make = make_off_policy if TRAITS[algo, backend].off_policy else make_on_policy
    gamma = recipe.gamma**n_action_steps
    return make(algo, recipe, env, gamma=gamma, seed=seed, device="cpu")


class ModelAgent:
    """A model's deterministic action; one with an LSTM remembers its episode.

    It is a :class:`~zprl_env.evaluation.RememberingAgent`.
    """

    def __init__(self, model: BaseAlgorithm) -> None:
        """Act for a model, from the beginning of an episode."""
        self._model = model
        self.begin_episode()

    def begin_episode(self) -> None:
        """Forget: what follows is an episode's first observation."""
        self._state: tuple[np.ndarray, ...] | None = None

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """Return the action for an observation of the steered environment."""
        # Where there is no state yet, it begins with zeros, as an episode does.
        action, self._state = self._model.predict(observation, self._state, deterministic=True)
        return action


def as_agent(model: BaseAlgorithm) -> ModelAgent:
    """The model's deterministic action, for :func:`zprl_env.evaluation.evaluate`."""
    return ModelAgent(model)
