"""A bottleneck is fitted onto a generator by its own loss, and stored with whose it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import policies.foreign as foreign
from policies.errors import PolicyMismatchError
from policies.foreign.fitting import condition_samples, with_history
from policies.foreign.generator import read_sizes
from policies.foreign.modules import generator_hash
from policies.foreign.testing import LineGenerator
from policies.imitation.unfinished import unfinished_fit
from tests.policies.foreign.conftest import CONFIG
from zprl_env.testing import reach_demonstrations


def test_the_generator_is_detached_and_its_loss_falls(fitted, demonstrations):
    assert generator_hash(fitted.generator) == generator_hash(LineGenerator(2, 2))
    first, last = (fitted.metadata["training"]["losses"][i]["reconstruction"] for i in (0, -1))
    assert last < first
    assert (fitted.feature_dim, fitted.latent_dim) == (2, 2)
    assert fitted.latent_covariance.shape == (2, 2)
    features, mean, _ = fitted.encode(np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(features, 1.0)
    assert mean.shape == (3, 2)


def test_a_fit_that_is_too_short_warns_with_both_losses(demonstrations):
    good, short = LineGenerator(2, 2), dataclasses.replace(CONFIG, steps=1)
    good.layer.weight.data[:] = 4.0 * torch.eye(2).repeat(4, 1)
    with pytest.warns(UserWarning, match=r"loss is [\d.]+ behind the bottleneck, [\d.]+ without"):
        foreign.fit_foreign_bottleneck(good, demonstrations, short, progress=False)


def test_an_interrupted_fit_goes_on_to_the_same_bits(fitted, demonstrations, tmp_path):
    class Interrupted(LineGenerator):
        calls = 0

        def loss(self, condition, actions):
            Interrupted.calls += 1
            if Interrupted.calls == 120:
                raise KeyboardInterrupt
            return super().loss(condition, actions)

    for generator in (Interrupted(2, 2), LineGenerator(2, 2)):
        try:
            with unfinished_fit(tmp_path / "out") as unfinished:
                unfinished.every = 0.0
                policy = foreign.fit_foreign_bottleneck(
                    generator, demonstrations, CONFIG, progress=False, unfinished=unfinished
                )
        except KeyboardInterrupt:
            assert [*(tmp_path / "out.partial").glob("*.safetensors")]
    assert policy.bottleneck.weights_hash == fitted.bottleneck.weights_hash


def test_samples_have_the_history_before_and_the_past_around():
    class Two(LineGenerator):
        n_obs_steps, past_actions = 2, 1

        def embed(self, batch):
            return batch.flatten(1)

    demonstrations = reach_demonstrations(3)
    sizes = read_sizes(Two(2, 2))
    samples = condition_samples(Two(2, 2), sizes, demonstrations, CONFIG)
    episode = demonstrations.trajectories[0]
    seen, chunks = samples.all
    assert chunks.shape[1:] == (5, 2)
    way = torch.from_numpy(episode.observations["way"])
    torch.testing.assert_close(seen[0], torch.cat([way[0], way[0]]))
    torch.testing.assert_close(seen[1], torch.cat([way[0], way[1]]))
    moves = torch.from_numpy(episode.actions)
    torch.testing.assert_close(chunks[0, :3], torch.stack([moves[0], moves[0], moves[1]]))
    torch.testing.assert_close(chunks[1, :3], moves[:3])


def test_a_history_of_one_is_the_values_themselves():
    values = np.arange(6).reshape(3, 2)
    assert with_history(values, 1) is values


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"loss": None}, r"without loss\(condition, actions\)"),
        ({"summarize": print}, "Steer its noise or its own latent"),
        ({"observation_dim": 5}, "observations must have the policy's size 5. Got: 2, of way"),
        ({"action_dim": 3}, "actions must have the policy's size 3. Got: 2"),
    ],
)
def test_what_cannot_be_fitted_is_told(demonstrations, change, told):
    generator = LineGenerator(2, 2)
    for name, value in change.items():
        setattr(generator, name, value)
    with pytest.raises(PolicyMismatchError, match=told):
        foreign.fit_foreign_bottleneck(generator, demonstrations, CONFIG, progress=False)
