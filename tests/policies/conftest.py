"""Tiny demonstrations and policies that the tests share."""

import dataclasses

import numpy as np
import pytest
import torch

from policies.demonstrations import Demonstrations, Trajectory
from policies.frozen import FrozenPolicy
from policies.model.config import VibFlowConfig
from policies.model.vib_flow import VibFlow
from policies.pictures.config import EyesConfig


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


def dots(hands, goals, size=36):
    """Draw a green hand and a red goal, at places in [-1, 1], on grey."""
    frames = np.full((len(hands), size, size, 3), 40, np.uint8)
    for places, colour in ((goals, (255, 30, 30)), (hands, (30, 255, 30))):
        corners = np.round((np.clip(places, -1, 1) * 0.5 + 0.5) * (size - 7) + 2).astype(int)
        for frame, (x, y) in zip(frames, corners, strict=True):
            frame[y : y + 3, x : x + 3] = colour
    return frames


def dot_demonstrations(n_episodes, steps=10):
    """Episodes of a hand that goes to a goal which only its camera sees."""
    rng = np.random.default_rng(0)
    episodes = []
    for _ in range(n_episodes):
        goal, hand = rng.uniform(-1, 1, (2, 2))
        hands, actions = [], []
        for _ in range(steps):
            hands.append(hand)
            actions.append(np.clip(goal - hand, -0.3, 0.3))
            hand = hand + actions[-1]
        seen = np.array(hands, np.float32)
        episodes.append(
            Trajectory(
                {"hand": seen},
                np.array(actions, np.float32),
                np.zeros(steps),
                np.arange(steps) == steps - 1,
                True,
                {"top": dots(seen, np.tile(goal, (steps, 1)))},
            )
        )
    return Demonstrations(tuple(episodes), {"env_name": "Dots"}, ("hand",))


@pytest.fixture
def dots_seen():
    """A few episodes of a hand that goes to a goal which only its camera sees."""
    return dot_demonstrations(8)


@pytest.fixture
def dots_file(dots_seen, tmp_path):
    """The same in a file."""
    dots_seen.save(tmp_path / "dots.hdf5")
    return tmp_path / "dots.hdf5"


@pytest.fixture
def seeing_config(small_config):
    """Sizes of a small policy with two cameras and proprioception of five numbers."""
    eyes = EyesConfig.of(("front", "wrist"), (40, 44), "small", crop=36)
    return dataclasses.replace(small_config, pictures=eyes, feature_dim=16 + 5)


@pytest.fixture
def seeing_model(seeing_config):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        model = VibFlow(seeing_config)
    rng = np.random.default_rng(0)
    model.normalizer.fit(rng.normal(2.0, 3.0, (50, 5)), rng.uniform(-2.0, 5.0, (50, 2)))
    return model


@pytest.fixture
def shown():
    """Makes observations of that policy."""

    def make(size, seed=0):
        rng = np.random.default_rng(seed)
        frames = rng.integers(0, 256, (2, size, 40, 44, 3), dtype=np.uint8)
        state = rng.normal(2.0, 3.0, (size, 5)).astype(np.float32)
        return {"state": state, "front": frames[0], "wrist": frames[1]}

    return make
