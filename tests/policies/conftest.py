"""Tiny demonstrations and policies that the tests share."""

import numpy as np
import pytest
import torch

from policies.demonstrations import Demonstrations, Trajectory
from policies.frozen import FrozenPolicy
from policies.model.config import VibFlowConfig
from policies.model.vib_flow import VibFlow


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def small_config():
    return VibFlowConfig(
        observation_dim=5,
        action_dim=2,
        horizon=4,
        n_action_steps=2,
        latent_dim=3,
        feature_dim=16,
        encoder_hidden_dims=(16,),
        bottleneck_hidden_dims=(16, 16),
        hidden_dim=16,
        n_blocks=1,
        embedding_dim=8,
        n_euler_steps=3,
    )


@pytest.fixture
def model(small_config):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        model = VibFlow(small_config)
    rng = np.random.default_rng(0)
    model.normalizer.fit(rng.normal(2.0, 3.0, (50, 5)), rng.uniform(-2.0, 5.0, (50, 2)))
    return model


@pytest.fixture
def metadata():
    return {
        "observation_keys": {"arm": 2, "object": 3},
        "env_args": {"env_name": "Toy", "type": 1, "env_kwargs": {}},
        "latent": {"mean": [0.0, 0.1, 0.2], "std": [1.0, 1.1, 1.2], "rms": [1.0, 2.0, 3.0]},
        "training": {"steps": 1},
    }


@pytest.fixture
def policy(model, metadata):
    return FrozenPolicy(model, metadata)


@pytest.fixture
def linear_demonstrations():
    """Episodes whose action is a fixed linear map of the observation, which never changes."""
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(5, 2)) / np.sqrt(5)
    episodes = []
    for _ in range(60):
        observation = rng.normal(size=(1, 5)).astype(np.float32).repeat(5, axis=0)
        actions = (observation @ weights).astype(np.float32)
        parts = {"arm": observation[:, :2], "object": observation[:, 2:]}
        ends = np.array([False] * 4 + [True])
        episodes.append(Trajectory(parts, actions, ends.astype(np.float32), ends))
    return Demonstrations(tuple(episodes), {"env_name": "Toy"}, ("arm", "object"))


@pytest.fixture
def toy_file(tmp_path):
    """Three episodes of three, four and five steps; the second failed."""
    episodes = [
        Trajectory(
            observations={"arm": np.zeros((n, 2)), "eye": np.zeros((n, 8, 6, 3), np.uint8)},
            actions=np.linspace([-1.0, 0.5], [1.0, 0.5], n),
            rewards=np.zeros(n),
            dones=np.arange(n) == n - 1,
            success=n != 4,
        )
        for n in (3, 4, 5)
    ]
    path = tmp_path / "toy.hdf5"
    Demonstrations(tuple(episodes), {"env_name": "[Toy]"}, ("arm", "eye")).save(path)
    return path
