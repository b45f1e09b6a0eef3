import dataclasses

import pytest
import torch
from torch import nn

from policies.checkpoints.model import weights_hash
from policies.errors import ConfigurationError
from policies.model.config import VibFlowConfig
from policies.model.eyes import named_backbone
from policies.model.shapes import tensor_shapes
from policies.model.vib_flow import VibFlow
from policies.pictures.config import EyesConfig


class Backbone(nn.Module):
    """A network from elsewhere, with a norm whose statistics move while it is trained."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Conv2d(3, 6, 5, 4), nn.BatchNorm2d(6)

    def forward(self, frames):
        return self.norm(self.layer(frames))


def tensors(shown, size=4):
    return {name: torch.from_numpy(values) for name, values in shown(size).items()}


def test_proprioception_stands_at_the_end_of_the_embedding(seeing_model, shown):
    batch = tensors(shown)
    features = seeing_model.embed(batch)
    normal = seeing_model.normalizer.observations(batch["state"])
    assert features.shape == (4, 21)
    assert torch.equal(features[:, 16:], normal)


def test_without_layers_the_embeddings_stand_side_by_side_as_published(seeing_config, shown):
    config = dataclasses.replace(seeing_config, encoder_hidden_dims=(), feature_dim=2 * 96 + 5)
    assert VibFlow(config).embed(tensors(shown)).shape == (4, 197)
    with pytest.raises(ConfigurationError, match="feature_dim must be exactly 192 and the 5"):
        dataclasses.replace(config, feature_dim=196)


def test_every_camera_has_a_network_of_its_own(seeing_model, shown):
    batch = tensors(shown)
    swapped = {**batch, "front": batch["wrist"], "wrist": batch["front"]}
    assert not torch.allclose(seeing_model.embed(batch), seeing_model.embed(swapped))


@pytest.mark.parametrize("encoder", ["small", "resnet18"])
@pytest.mark.parametrize("hidden", [(16,), ()])
def test_sizes_are_known_without_torch(seeing_config, encoder, hidden):
    eyes = dataclasses.replace(seeing_config.pictures, encoder=encoder)
    features = 16 if hidden else 2 * eyes.embedding_dim
    config = dataclasses.replace(
        seeing_config, pictures=eyes, encoder_hidden_dims=hidden, feature_dim=features + 5
    )
    with torch.device("meta"):
        model = VibFlow(config)
    found = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert found == tensor_shapes(config)


@pytest.mark.slow
def test_the_published_networks_take_ten_training_steps():
    eyes = EyesConfig.of(("front", "wrist"), (84, 84), "resnet18")
    config = VibFlowConfig(
        observation_dim=9,
        action_dim=7,
        feature_dim=2 * 64 + 9,
        encoder_hidden_dims=(),
        head="unet",
        pictures=eyes,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        model = VibFlow(config)
        frames = torch.randint(0, 256, (2, 2, 76, 76, 3), dtype=torch.uint8)
        batch = {"state": torch.randn(2, 9), "front": frames[0], "wrist": frames[1]}
        actions = torch.rand(2, 16, 7) * 2 - 1
    weights = sum(
        weight.numel() for weight in model.encoder.get_submodule("cameras.0").parameters()
    )
    assert 11e6 < weights < 12e6
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    losses = []
    for _ in range(10):
        generator = torch.Generator().manual_seed(0)
        loss = model.loss(
            batch, actions, beta=1e-4, reconstruction_weight=0.01, generator=generator
        ).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_pretrained_network_stays_as_it_is_whatever_is_done_around_it(seeing_config, shown):
    eyes = dataclasses.replace(seeing_config.pictures, encoder="somebodys:Backbone")
    model = VibFlow(dataclasses.replace(seeing_config, pictures=eyes), Backbone)
    names = ("cameras.0.backbone", "cameras.1.backbone")
    backbones = [model.encoder.get_submodule(name) for name in names]
    before = [weights_hash(backbone) for backbone in backbones]
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(3):
        loss = model.loss(tensors(shown), torch.rand(4, 4, 2), beta=1e-4, reconstruction_weight=0.1)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    assert [weights_hash(backbone) for backbone in backbones] == before
    assert not any(module.training for backbone in backbones for module in backbone.modules())


def test_a_pretrained_network_must_be_given_and_return_numbers_for_each_frame(seeing_config):
    eyes = dataclasses.replace(seeing_config.pictures, encoder="somebodys:Backbone")
    config = dataclasses.replace(seeing_config, pictures=eyes)
    with pytest.raises(ConfigurationError, match="somebodys:Backbone must be given as a class"):
        VibFlow(config)
    with pytest.raises(ConfigurationError, match=r"must return a tensor of shape \(B, K\)"):
        VibFlow(config, lambda: nn.Flatten(0))
    with pytest.raises(ConfigurationError, match=r"importable module:Class\. Got: 'somebodys:Back"):
        named_backbone(eyes)
    assert named_backbone(dataclasses.replace(eyes, encoder="torch.nn:Identity")) is nn.Identity


def test_more_draws_of_noise_are_a_mean_over_the_same_observations(seeing_model, shown):
    batch, actions = tensors(shown), torch.rand(4, 4, 2)

    def flow(draws):
        generator = torch.Generator().manual_seed(0)
        return seeing_model.loss(
            batch, actions, beta=0.0, reconstruction_weight=0.0, generator=generator, draws=draws
        ).flow.item()

    assert flow(1) == flow(1)
    assert flow(500) == pytest.approx(flow(400), rel=0.2)
