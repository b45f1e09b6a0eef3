"""Training speed of SAC: environment steps per second inside Stable-Baselines3."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.agents.model import make_model
from zprl_env.training.environment import make_training_envs
from zprl_env.training.learning import learn
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import BackendName
from zprl_env.training.settings.recipe import Recipe, recipe_for

FOREVER = 10**9
WARMUP = 50
"""Decisions of the base policy to begin from; more of them would not change the speed."""


class Stopwatch(BaseCallback):
    """Stops learning after a while. The clock runs from one decision to another.

    Args:
        seconds: How long; warm-up does not count.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.steps, self.elapsed = 0, 0.0
        self._learning, self._began = False, 0.0

    @property
    def rate(self) -> float:
        """Environment steps per second."""
        return self.steps / self.elapsed

    def _on_training_start(self) -> None:
        self._learning = True

    def _on_step(self) -> bool:
        if not self._learning:
            return True
        if not self._began:
            self._began = time.perf_counter()
            return True
        self.steps += sum(info["env_steps"] for info in self.locals["infos"])
        self.elapsed = time.perf_counter() - self._began
        return self.elapsed < self.seconds


class Learner:
    """SAC as ``train_sb3.py`` makes it, warmed up by its first turn.

    Args:
        task: A task that a policy is shipped for.
        num_envs: Environments to collect from.
        overlap: Let half of them simulate while SAC learns.
        backend: The library.
        recipe: The settings; the task's default if None.
        **env_kwargs: Passed to the environment.
    """

    def __init__(
        self,
        task: str,
        num_envs: int,
        *,
        overlap: bool = False,
        backend: BackendName = "torch",
        recipe: Recipe | None = None,
        **env_kwargs: Any,
    ) -> None:
        torch.set_num_threads(1)
        recipe = recipe or recipe_for("sac", "default", "latent", task)
        self.recipe = replace(recipe, warmup_decisions=WARMUP)
        self.envs = make_training_envs(
            task,
            task,
            "latent",
            self.recipe,
            num_envs=num_envs,
            seed=0,
            overlap=overlap,
            env_kwargs=env_kwargs,
        )
        steps = resolve_policy(task).n_action_steps
        model = make_model(
            "sac", self.recipe, self.envs, n_action_steps=steps, seed=0, backend=backend
        )
        assert isinstance(model, OffPolicyAlgorithm)
        self.model = model

    def rate(self, updates_per_decision: float, seconds: float) -> float:
        """Learn for a while; environment steps per second."""
        self.model.gradient_steps = round(updates_per_decision * self.envs.num_envs)
        stopwatch = Stopwatch(seconds)
        warmup = self.recipe.warmup_decisions - self.model.num_timesteps
        learn(self.model, warmup, FOREVER, History(), stopwatch)
        return stopwatch.rate

    def close(self) -> None:
        """End the environments."""
        self.envs.close()
