import pytest
import torch
from torch.distributions import Normal, kl_divergence

from policies.model.bottleneck import Bottleneck, Posterior, kl_to_standard_normal


@pytest.fixture
def posterior():
    generator = torch.Generator().manual_seed(0)
    return Posterior(torch.randn(7, 4, generator=generator), torch.randn(7, 4, generator=generator))


def test_kl_is_the_analytic_one_averaged_over_batch_and_dimensions(posterior):
    reference = kl_divergence(Normal(posterior.mean, posterior.std), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(kl_to_standard_normal(posterior), reference)


def test_kl_does_not_grow_with_the_number_of_dimensions(posterior):
    twice = Posterior(posterior.mean.repeat(1, 2), posterior.log_variance.repeat(1, 2))
    torch.testing.assert_close(kl_to_standard_normal(twice), kl_to_standard_normal(posterior))


def test_samples_have_the_posteriors_moments():
    posterior = Posterior(torch.full((40_000, 1), 2.0), torch.full((40_000, 1), -1.0))
    z = posterior.sample(torch.Generator().manual_seed(0))
    assert z.mean().item() == pytest.approx(2.0, abs=0.02)
    assert z.std().item() == pytest.approx(posterior.std[0].item(), rel=0.02)


def test_a_sample_is_its_generators(posterior):
    first, second = (posterior.sample(torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)


def test_encode_and_decode_have_the_asked_sizes():
    bottleneck = Bottleneck(10, 3, (8, 4))
    posterior = bottleneck.encode(torch.zeros(2, 10))
    assert posterior.mean.shape == posterior.std.shape == (2, 3)
    assert bottleneck.decode(posterior.mean).shape == (2, 10)


def test_the_variance_stays_finite_far_from_the_data():
    std = Bottleneck(4, 2, (8,)).encode(torch.full((1, 4), 1e8)).std
    assert torch.isfinite(std).all()
    assert (std > 0).all()
