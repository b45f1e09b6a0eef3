import pytest
import torch

from policies.model.config import VibFlowConfig
from policies.model.vib_flow import VibFlow, vib_loss


def gradients(module):
    return [weight.grad for weight in module.parameters() if weight.grad is not None]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(6, 5, generator=generator), torch.randn(6, 4, 2, generator=generator)


def joint_loss(model, batch, beta=2e-4, reconstruction_weight=0.01, stop_gradients=True):
    return model.loss(
        *batch,
        beta=beta,
        reconstruction_weight=reconstruction_weight,
        stop_gradients=stop_gradients,
        generator=torch.Generator().manual_seed(1),
    )


@pytest.mark.parametrize("term", ["flow", "kl", "reconstruction"])
def test_the_bottlenecks_terms_give_encoder_and_head_no_gradient(model, batch, term):
    getattr(joint_loss(model, batch).vib, term).backward()
    assert not gradients(model.encoder)
    assert not gradients(model.head)
    assert any(gradient.abs().sum() > 0 for gradient in gradients(model.bottleneck))


def test_the_base_policys_term_gives_the_bottleneck_no_gradient(model, batch):
    joint_loss(model, batch).flow.backward()
    assert not gradients(model.bottleneck)
    assert len(gradients(model.encoder)) == len(list(model.encoder.parameters()))
    assert len(gradients(model.head)) == len(list(model.head.parameters()))


def test_the_base_policy_learns_the_same_with_and_without_a_bottleneck(model, batch):
    joint_loss(model, batch).total.backward()
    joint = [g.clone() for g in gradients(model.encoder) + gradients(model.head)]
    model.zero_grad()
    joint_loss(model, batch, beta=5.0, reconstruction_weight=5.0).flow.backward()
    alone = gradients(model.encoder) + gradients(model.head)
    assert all(torch.equal(a, b) for a, b in zip(joint, alone, strict=True))


@pytest.mark.parametrize("term", ["flow", "kl", "reconstruction"])
def test_without_stop_gradients_the_bottlenecks_terms_reach_the_encoder(model, batch, term):
    getattr(joint_loss(model, batch, stop_gradients=False).vib, term).backward()
    assert any(gradient.abs().sum() > 0 for gradient in gradients(model.encoder))
    assert bool(gradients(model.head)) == (term == "flow")


def test_stop_gradients_change_no_value(model, batch):
    with_them, without = (joint_loss(model, batch, stop_gradients=on) for on in (True, False))
    assert torch.equal(with_them.total, without.total)


def test_what_is_reconstructed_does_not_move_towards_its_reconstruction(model, batch):
    for weight in model.bottleneck.parameters():
        weight.data.zero_()  # now dec(z) is zero, whatever the embedding
    joint_loss(model, batch, stop_gradients=False).vib.reconstruction.backward()
    assert all(gradient.abs().sum() == 0 for gradient in gradients(model.encoder))


def test_the_total_is_the_weighted_sum(model, batch):
    loss = joint_loss(model, batch, beta=0.5, reconstruction_weight=0.25)
    vib = loss.vib
    expected = loss.flow + vib.flow + 0.5 * vib.kl + 0.25 * vib.reconstruction
    torch.testing.assert_close(loss.total, expected)


def test_a_bottleneck_can_be_fitted_onto_frozen_parts(model, batch):
    model.encoder.requires_grad_(False)
    model.head.requires_grad_(False)
    features = model.encoder(model.normalizer.observations(batch[0]))
    generator = torch.Generator().manual_seed(0)
    vib = vib_loss(model.bottleneck, model.head, features, batch[1], generator)
    (vib.flow + vib.kl + vib.reconstruction).backward()
    assert len(gradients(model.bottleneck)) == len(list(model.bottleneck.parameters()))


def test_a_zero_network_generates_its_noise_in_the_actions_units(model):
    for weight in model.head.output.parameters():
        torch.nn.init.zeros_(weight)
    noise = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        actions = model.decode(torch.zeros(3, 3), noise)
    torch.testing.assert_close(model.normalizer.actions(actions), noise)


def test_the_unet_is_a_matter_of_configuration():
    config = VibFlowConfig(3, 2, horizon=8, head="unet", unet_channels=(8, 16))
    model = VibFlow(config)
    assert model.decode(torch.zeros(2, 8), torch.zeros(2, 8, 2)).shape == (2, 8, 2)


@pytest.mark.parametrize("latent_dim", [8, 16])
def test_the_default_policy_for_lift_is_small(latent_dim):
    model = VibFlow(VibFlowConfig(observation_dim=19, action_dim=7, latent_dim=latent_dim))
    assert sum(weight.numel() for weight in model.parameters()) < 450_000
