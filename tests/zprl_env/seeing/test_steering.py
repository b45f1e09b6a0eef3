"""Steering from pixels: alone and in batches, frozen, once per decision, embeddings in replay."""

import hashlib
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from policies.demonstrations import Demonstrations, Trajectory
from policies.frozen import FrozenPolicy
from policies.imitation.config import PretrainConfig
from policies.model.eyes import PretrainedEncoder
from policies.pretrain import pretrain
from tests.helpers import seen
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.errors import PolicyMismatchError, SimulationError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.table import STEERINGS


def make():
    env = gym.wrappers.TimeLimit(seen.SeenEnv(), 6)
    return ActionChunkWrapper(Monitor(SeededEpisodes(env)), 2)


@pytest.mark.parametrize("steer", STEERINGS)
def test_a_zero_action_is_the_base_policy_to_the_bit(steer, seen_policy):
    inside: Any = seen.SeenEnv()
    env: Any = STEERINGS[steer].wrapper(inside, seen_policy, noise="zero", sample_latent=False)
    env.reset(seed=0)
    shown = inside._observation()
    mean = seen_policy.encode({name: part[None] for name, part in shown.items()})[1]
    chunk = seen_policy.decode(mean, np.zeros((1, 4, 2), np.float32))[0, :2]
    zero = np.zeros((1, *env.action_space.shape), np.float32)
    decided = env.steering.act(zero, env._latents, [env._generator]).chunks
    assert np.array_equal(decided[0], chunk)


@pytest.mark.parametrize("steer", STEERINGS)
@pytest.mark.parametrize("vec", [DummyVecEnv, SubprocVecEnv])
def test_environments_in_a_batch_are_what_they_are_alone(vec, steer, seen_policy):
    if vec is SubprocVecEnv and steer != "latent":
        pytest.skip("the same workers")
    envs = SteeringVecEnv(vec([make] * 2), seen_policy, steer=steer, scale=0.5)
    alone = [STEERINGS[steer].wrapper(make(), seen_policy, scale=0.5) for _ in range(2)]
    envs.seed(3)
    together = envs.reset()
    each = [env.reset(seed=3 + i)[0] for i, env in enumerate(alone)]
    assert np.allclose(together, each, atol=1e-5)
    rng, ended = np.random.default_rng(0), 0
    for _ in range(8):
        actions = rng.uniform(-1, 1, (2, *envs.action_space.shape)).astype(np.float32)
        together, rewards, dones, infos = envs.step(actions)
        for i, env in enumerate(alone):
            observation, reward, terminated, truncated, _ = env.step(actions[i])
            assert np.isclose(float(reward), rewards[i])
            assert dones[i] == (terminated or truncated)
            if dones[i]:
                ended += 1
                assert np.allclose(infos[i]["terminal_observation"], observation, atol=1e-5)
                observation, _ = env.reset()
            assert np.allclose(together[i], observation, atol=1e-5)
    assert ended > 2
    envs.close()


def test_every_environment_s_pictures_are_compared_with_the_policy_s(seen_policy):
    """Another machine may draw with another quality or version."""
    makers = [lambda q=q: ActionChunkWrapper(seen.SeenEnv(quality=q), 2) for q in ("fast", "full")]
    with pytest.raises(PolicyMismatchError, match=r"quality 'fast' .* and 'full'"):
        SteeringVecEnv(DummyVecEnv(makers), seen_policy)


def test_a_picture_is_taken_once_per_decision(seen_policy):
    envs = SteeringVecEnv(DummyVecEnv([lambda: ActionChunkWrapper(seen.SeenEnv(), 2)]), seen_policy)
    envs.seed(0)  # of an episode that is not over sooner
    envs.reset()
    (before,) = envs.get_attr("taken")
    for _ in range(3):
        envs.step(np.zeros((1, 2), np.float32))
    assert envs.get_attr("taken") == [before + 3]


def test_all_environments_are_encoded_in_one_call(seen_policy, monkeypatch):
    envs = SteeringVecEnv(DummyVecEnv([make] * 3), seen_policy)
    envs.seed(0)  # no episode ends at once, whose last observation would be encoded as well
    envs.reset()
    sizes, encode = [], seen_policy.encode

    def counted(batch):
        sizes.append(len(batch["front"]))
        return encode(batch)

    monkeypatch.setattr(seen_policy, "encode", counted)
    envs.step(np.zeros((3, 2), np.float32))
    assert sizes == [3]


def test_the_replay_holds_embeddings_and_costs_what_states_cost(seen_policy, point_policy):
    states = DummyVecEnv([lambda: ActionChunkWrapper(PointEnv(), 2)])
    kinds = {
        "pixels": SteeringVecEnv(DummyVecEnv([make]), seen_policy),
        "state": SteeringVecEnv(states, resolve_policy(point_policy)),
    }
    size = {}
    for name, envs in kinds.items():
        buffer = SAC("MlpPolicy", envs, buffer_size=100, device="cpu").replay_buffer
        arrays = [part for part in vars(buffer).values() if isinstance(part, np.ndarray)]
        size[name] = sum(part.nbytes for part in arrays) / 100
    assert size["pixels"] < 1.5 * size["state"] < 200
    frames = 2 * 40 * 44 * 3
    assert size["pixels"] < frames / 50


class Normed(torch.nn.Module):
    """A pretrained network whose batch norm would drift in training."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), torch.nn.BatchNorm2d(4))

    def forward(self, frames):
        return self.layers(frames)


def hashes(model: torch.nn.Module) -> dict[str, str]:
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        name: hashlib.sha256(tensor.detach().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }


@pytest.fixture
def normed_policy(tmp_path):
    seen.save_policy(tmp_path / "normed", encoder=f"{__name__}:Normed", backbone=Normed)
    return FrozenPolicy.load(tmp_path / "normed", backbone=Normed)


def test_parameters_and_buffers_are_the_same_bytes_after_learning(normed_policy):
    model = normed_policy._model
    assert any(isinstance(part, PretrainedEncoder) for part in model.modules())
    before = hashes(model)
    assert any("running_mean" in name for name in before)
    envs = SteeringVecEnv(DummyVecEnv([make]), normed_policy)
    agent = SAC("MlpPolicy", envs, learning_starts=4, batch_size=4, device="cpu")
    agent.learn(16)
    assert agent._n_updates > 0
    assert hashes(model) == before


def test_a_batch_norm_that_drifts_is_noticed(normed_policy):
    env = STEERINGS["latent"].wrapper(make(), normed_policy)
    env.reset(seed=0)
    (norm, *_) = [m for m in normed_policy._model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    norm.train()
    norm(torch.randn(2, 4, 3, 3))
    with pytest.raises(PolicyMismatchError, match="buffers may not change"):
        env.step(np.zeros(2, np.float32))


def test_a_frame_of_another_kind_in_the_midst_of_an_episode_ends_it(seen_policy, monkeypatch):
    inside = seen.SeenEnv()
    env = STEERINGS["latent"].wrapper(inside, seen_policy)
    env.reset(seed=0)
    grey = {"front": np.zeros((40, 44), np.uint8), "wrist": np.zeros((40, 44, 3), np.uint8)}
    monkeypatch.setattr(inside.eyes, "_take", lambda: grey)
    with pytest.raises(PolicyMismatchError, match=r"frames of camera front must have the shape"):
        env.step(np.zeros(2, np.float32))


def test_a_state_that_is_not_finite_is_no_decision(seen_policy):
    inside = seen.SeenEnv()
    env = STEERINGS["latent"].wrapper(inside, seen_policy)
    env.reset(seed=0)
    inside.position[1] = np.nan
    with pytest.raises(SimulationError, match="finite"):
        env.step(np.zeros(2, np.float32))


@pytest.mark.slow
def test_the_published_networks_learn_ten_steps_and_steer_an_episode():
    """ResNet-18 per camera and the U-Net, at their published sizes."""
    rng, size = np.random.default_rng(0), (84, 84)
    episodes = tuple(
        Trajectory(
            {"height": rng.normal(size=(8, 1)), "speed": rng.normal(size=(8, 2))},
            rng.uniform(-1, 1, (8, 2)),
            np.zeros(8),
            np.zeros(8, bool),
            frames={c: rng.integers(256, size=(8, *size, 3), dtype=np.uint8) for c in seen.CAMERAS},
        )
        for _ in range(2)
    )
    pictures = seen.settings(size=size)
    shown = Demonstrations(episodes, {}, ("height", "speed"), picture_settings=pictures)
    config = PretrainConfig(
        encoder="resnet18",
        encoder_hidden_dims=(),
        head="unet",
        steps=10,
        batch_size=2,
        learning_rate=1e-4,
        val_fraction=0.0,
        device="cpu",
        threads=1,
    )
    policy = pretrain(shown, config, progress=False)
    assert (policy.feature_dim, policy.horizon) == (2 * 64 + 3, 16)
    before = policy.weights_hash
    env: Any = STEERINGS["latent"].wrapper(
        gym.wrappers.TimeLimit(seen.SeenEnv(size=size), 16), policy, scale=1.0
    )
    env.reset(seed=0)
    over, steps = False, 0
    while not over:
        *_, terminated, truncated, info = env.step(np.ones(env.action_space.shape, np.float32))
        over, steps = terminated or truncated, steps + info["env_steps"]
    assert 0 < steps <= 16
    assert policy.weights_hash == before
