"""Models small enough to train in a test."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.steerable import SteerablePolicy
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.model import make_model
from zprl_env.training.environment import steering_options
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import BackendName
from zprl_env.training.settings.recipe import recipe_for
from zprl_env.training.watch.callbacks import ProgressCallback
from zprl_env.vectorised.alternating import AlternatingVecEnv
from zprl_env.vectorised.resumable import ResumableVecEnv


def make_small_model(
    env: gym.Env,
    algo: str = "sac",
    *,
    seed: int = 0,
    policy: SteerablePolicy | None = None,
    overlap: bool = False,
    backend: BackendName = "torch",
    steer: str = "latent",
    **settings: Any,
):
    """Return a model of tiny networks on one steered environment, and its recipe."""
    usual: dict[str, Any] = {"hidden": (8, 8), "batch_size": 4, "updates_per_decision": 1}
    usual |= {"buffer_size": 100, "rollout_decisions": 8, "n_epochs": 1, "observation": "features"}
    recipe = replace(recipe_for(algo, "default", steer), **(usual | settings))
    policy = policy or LinearPolicy(3, 2)

    def steered(env: gym.Env) -> SteeringVecEnv:
        episodes = SeededEpisodes(env)
        chunked = DummyVecEnv([lambda: ActionChunkWrapper(episodes, 2, recipe.gamma)])
        return SteeringVecEnv(chunked, policy, steer=steer, **steering_options(recipe))

    envs = ResumableVecEnv(
        AlternatingVecEnv(steered(env), steered(deepcopy(env))) if overlap else steered(env)
    )
    envs.seed(seed)
    model = make_model(algo, recipe, envs, n_action_steps=2, seed=seed, backend=backend)
    model.set_logger(Logger(None, []))
    return model, recipe


def trained(algo="sac", env_steps=120, **settings):
    model, recipe = make_small_model(PointEnv(), algo, **settings)
    history = History()
    model.learn(env_steps, ProgressCallback(history, env_steps, show=False), log_interval=None)
    return model, recipe, history


def tensors(model) -> dict[str, torch.Tensor]:
    """Everything that learning changes: weights, targets, optimisers and the temperature."""
    found: dict[str, torch.Tensor] = {}

    def collect(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                collect(f"{name}/{key}", item)
        elif isinstance(value, list):
            collect(name, dict(enumerate(value)))
        elif isinstance(value, torch.Tensor):
            found[name] = value.detach()

    collect("", model.get_parameters())
    collect("temperature", getattr(model, "log_ent_coef", None))
    return found


def assert_same_tensors(mine, theirs) -> None:
    """Two models are the same, to the bit."""
    mine, theirs = tensors(mine), tensors(theirs)
    assert mine.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(mine[name], tensor, rtol=0, atol=0, msg=name)
