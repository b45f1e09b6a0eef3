"""A task that costs nothing and a policy for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv

from policies import checkpoint
from policies.vib_flow import VibFlow
from policies.vib_flow_config import VibFlowConfig
from tests.zprl_env.training import point
from zprl_env.registration import TASKS
from zprl_env.testing import LinearPolicy
from zprl_env.training.agent import make_model
from zprl_env.training.environment import steer
from zprl_env.training.recipe import AlgorithmName, recipe_for


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def point_task(monkeypatch):
    """The name of the point task, which is in the table for one test."""
    monkeypatch.setattr(point.PointEnv, "spoiled_after", 10**9)
    monkeypatch.setitem(TASKS, "Point", point.POINT)
    point.register()
    yield "Point"
    del gym.registry["ZPRL-Point-v0"]


@pytest.fixture(scope="session")
def point_policy(tmp_path_factory) -> Path:
    """The checkpoint of a tiny policy for the point task; it knows nothing."""
    return save_policy(tmp_path_factory.mktemp("policy"), observation_dim=3, action_dim=2)


def save_policy(folder: Path, observation_dim: int, action_dim: int) -> Path:
    """Write the checkpoint of a tiny untrained policy."""
    config = VibFlowConfig(
        observation_dim=observation_dim,
        action_dim=action_dim,
        horizon=4,
        n_action_steps=2,
        latent_dim=2,
        feature_dim=8,
        encoder_hidden_dims=(8,),
        bottleneck_hidden_dims=(8,),
        hidden_dim=8,
        n_blocks=1,
        embedding_dim=4,
        n_euler_steps=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        model = VibFlow(config)
    rng = np.random.default_rng(0)
    model.normalizer.fit(
        rng.uniform(-0.3, 0.3, (50, observation_dim)), rng.uniform(-1.0, 1.0, (50, action_dim))
    )
    latent = {"mean": [0.0, 0.0], "std": [1.0, 1.0], "rms": [1.0, 1.0]}
    metadata = {"observation_keys": {}, "env_args": {}, "training": {}, "latent": latent}
    checkpoint.save(model, folder, metadata)
    return folder


def make_small_model(env: gym.Env, algo: AlgorithmName = "sac", seed: int = 0, **settings: Any):
    """Return a model of tiny networks on one steered environment, and its recipe."""
    usual: dict[str, Any] = {"hidden": (8, 8), "batch_size": 4, "updates_per_decision": 1}
    usual |= {"buffer_size": 100, "rollout_decisions": 8, "n_epochs": 1}
    recipe = replace(recipe_for(algo, "default", "latent"), **(usual | settings))
    steered = steer(env, LinearPolicy(3, 2), "latent", recipe, evaluation=False)
    envs = DummyVecEnv([lambda: steered])
    model = make_model(algo, recipe, envs, n_action_steps=2, seed=seed)
    model.set_logger(Logger(None, []))
    return model, recipe
