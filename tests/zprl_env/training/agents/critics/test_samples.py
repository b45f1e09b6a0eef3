"""The best of several samples of the base policy: chosen by critics, learned by no actor."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.deploy.actor_layers import actor_of
from zprl_env.errors import ZprlError
from zprl_env.evaluation import ModelAgent

USUAL: dict[str, Any] = {"base_samples": 8, "ent_coef": "0", "scale": 3.0}


def sampled(**settings: Any) -> Any:
    return make_small_model(PointEnv(), "sac", steer="noise", **USUAL | settings)[0]


def seen(size: int) -> torch.Tensor:
    drawn = np.random.default_rng(0).uniform(-0.3, 0.3, (size, 5))
    return torch.as_tensor(drawn, dtype=torch.float32)


def test_one_sample_is_the_noise_of_the_base_policy():
    actor = sampled(base_samples=1).actor
    with torch.no_grad():
        noise = 3.0 * actor(seen(2000)).numpy().ravel()
    inside = noise[np.abs(noise) < 2.9]
    assert stats.kstest(inside, "norm").pvalue > 1e-3
    assert np.abs(noise).max() <= 3.0


@pytest.mark.parametrize("critic_input", ["action", "chunk"])
def test_the_critics_like_the_chosen_one_best(critic_input):
    model = sampled(critic_input=critic_input)
    observations = seen(300)

    def value(samples: int) -> float:
        model.actor.samples = samples
        with torch.no_grad():
            chosen = model.actor(observations)
            return float(torch.cat(model.critic(observations, chosen), dim=1).amin(dim=1).mean())

    values = [value(samples) for samples in (1, 4, 32)]
    assert values == sorted(values)
    assert values[2] > values[0] + 1e-3


def test_without_exploration_it_is_the_same_every_time_and_in_every_batch():
    model = sampled()
    observations = seen(5).numpy()
    together = ModelAgent(model)(observations)
    np.testing.assert_array_equal(together, ModelAgent(model)(observations))
    alone = np.concatenate([ModelAgent(model)(observations[[row]]) for row in range(5)])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("critic_input", ["action", "chunk"])
def test_critics_learn_and_the_actor_does_not(critic_input):
    model = sampled(critic_input=critic_input)
    before = deepcopy(model.policy.state_dict())
    model.learn(20, log_interval=None)
    after = model.policy.state_dict()
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"critic", "critic_target"}


def test_it_cannot_be_exported_without_its_critics():
    with pytest.raises(ZprlError, match=r"Got: base_samples 8.* Train without --base-samples\."):
        actor_of(sampled())
