"""The adapter of Diffusion Policy's U-Nets, around LeRobot's, which goes back to them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from torch import nn

from policies.foreign import ForeignPolicy
from policies.foreign.lerobot import load
from tests.lerobot.policies import noises
from zprl_env import NoiseSteeringWrapper
from zprl_env.testing import check_policy

FILE = Path(__file__).parents[2] / "integrations/diffusion_policy/diffusion_policy_generator.py"
SIZES = {"arm": 3, "objects": 4}


def adapter() -> Any:
    spec = importlib.util.spec_from_file_location(FILE.stem, FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Linear:
    """A normaliser as theirs: a scale and an offset, and the data's statistics."""

    def __init__(self, low: float, high: float, size: int) -> None:
        self._low, self._high = torch.full((size,), low), torch.full((size,), high)

    def normalize(self, values: torch.Tensor) -> torch.Tensor:
        return 2.0 * (values - self._low) / (self._high - self._low) - 1.0

    def unnormalize(self, values: torch.Tensor) -> torch.Tensor:
        return (values + 1.0) / 2.0 * (self._high - self._low) + self._low

    def get_input_stats(self) -> dict[str, torch.Tensor]:
        return {"min": self._low, "max": self._high}


class UNet(nn.Module):
    """LeRobot's U-Net, called as theirs is."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(
        self, sample: Any, time: Any, local_cond: Any = None, global_cond: Any = None
    ) -> Any:
        assert local_cond is None
        times = torch.as_tensor(time, dtype=torch.long).expand(len(sample))
        return self.inner(sample, times, global_cond=global_cond)


class LowdimPolicy(nn.Module):
    """A policy with the attributes of `DiffusionUnetLowdimPolicy`."""

    obs_as_global_cond, pred_action_steps_only, oa_step_convention = True, False, True
    horizon, n_obs_steps, n_action_steps, obs_dim, action_dim = 8, 2, 4, 7, 2

    def __init__(self, unet: nn.Module, scheduler: Any) -> None:
        super().__init__()
        self.model = UNet(unet)
        settings = {**scheduler.config, "clip_sample": scheduler.config.clip_sample}
        self.noise_scheduler = DDPMScheduler.from_config(settings)
        self.normalizer = {"obs": Linear(-2.0, 2.0, 7), "action": Linear(-1.0, 3.0, 2)}


@pytest.fixture
def made(saved):
    """A generator of the adapter's, and LeRobot's policy whose network it has."""
    theirs: Any = load(str(saved("diffusion")))
    diffusion = theirs.module.diffusion
    policy = LowdimPolicy(diffusion.unet, diffusion.noise_scheduler)
    return adapter().UNetGenerator(policy, states=SIZES, steps=5), theirs


def test_its_chunks_are_those_of_the_network_it_is_around(made):
    generator, theirs = made
    assert (generator.past_actions, generator.horizon, generator.noise_shape) == (1, 7, (8, 2))
    seen = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 2, 7)).astype(np.float32))
    noise = torch.from_numpy(noises(ForeignPolicy(generator), 3)[0])
    condition = generator.embed(seen)
    sample = theirs.module.diffusion.conditional_sample(
        3, global_cond=condition, noise=noise.clone()
    )
    own = generator.policy.normalizer["action"].unnormalize(sample)[:, 1:]
    torch.testing.assert_close(generator.generate(condition, noise), own, rtol=0, atol=0)


def test_its_loss_is_theirs(made):
    generator, theirs = made
    condition, actions = torch.randn(5, theirs.condition_dim), torch.randn(5, 8, 2)
    normal = theirs._normal  # of other units: compared as normalised numbers
    theirs._normal = generator.policy.normalizer["action"].normalize
    torch.manual_seed(3)
    own = generator.loss(condition, actions)
    torch.manual_seed(3)
    torch.testing.assert_close(own, theirs.loss(condition, actions), rtol=0, atol=0)
    theirs._normal = normal


def test_it_is_steered_and_its_ranges_are_known(made):
    generator, _ = made

    class Still(gym.Env):
        observation_space = gym.spaces.Box(-2, 2, (7,), np.float32)
        action_space = gym.spaces.Box(-1, 3, (2,), np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return self.np_random.uniform(-1, 1, 7).astype(np.float32), {}

        def step(self, action):
            return self.reset()[0], 0.0, False, False, {"is_success": False}

    policy = ForeignPolicy(generator)
    assert policy.observation_dim == 14
    np.testing.assert_array_equal(policy.observation_ranges.high, 2.0)
    env = NoiseSteeringWrapper(gym.wrappers.TimeLimit(Still(), 20), policy)
    env.reset(seed=0)
    assert env.step(env.action_space.sample())[4]["env_steps"] == 4
    check_policy(policy, gym.wrappers.TimeLimit(Still(), 20))


def test_an_action_after_the_last_observation_is_a_step_later(made):
    generator, _ = made
    generator.policy.oa_step_convention = False
    late = adapter().UNetGenerator(generator.policy, states=SIZES)
    assert (late.past_actions, late.horizon) == (2, 6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"obs_as_global_cond": False}, "must be a U-Net with obs_as_global_cond"),
        ({"pred_action_steps_only": True}, "must predict whole chunks"),
        ({"obs_encoder": print}, "must be given cameras and image_size"),
    ],
)
def test_what_cannot_be_opened_is_told(made, change, told):
    for name, value in change.items():
        setattr(made[0].policy, name, value)
    with pytest.raises(ValueError, match=told):
        adapter().UNetGenerator(made[0].policy)


def test_a_policy_that_sees_gets_pictures_as_theirs_are(made):
    """Its encoder is a stand-in: theirs is robomimic's."""
    policy = made[0].policy
    policy.obs_feature_dim, seen = 5, {}
    policy.obs_encoder = lambda parts: seen.update(parts) or torch.zeros(len(parts["arm"]), 5)

    class Parts(dict):
        def normalize(self, parts):
            return parts

    policy.normalizer = Parts(action=Linear(-1, 1, 2), arm=Linear(0, 1, 3))
    generator = adapter().UNetGenerator(
        policy, {"arm": 3}, {"agentview_image": "front"}, image_size=(4, 6)
    )
    batch = {"state": torch.ones(2, 2, 3), "front": torch.full((2, 2, 4, 6, 3), 255).byte()}
    assert generator.embed(batch).shape == (2, generator.condition_dim) == (2, 10)
    assert seen["agentview_image"].shape == (4, 3, 4, 6)
    assert seen["agentview_image"].max() == 1.0
