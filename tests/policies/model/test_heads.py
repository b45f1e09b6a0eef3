import pytest
import torch

from policies.model.flow import euler
from policies.model.heads import FilmMlpHead, TimeEmbedding
from policies.model.unet import UnetHead

HEADS = {
    "mlp": lambda: FilmMlpHead(8, 3, 6, hidden_dim=16, n_blocks=2, embedding_dim=8),
    "unet": lambda: UnetHead(3, 6, (8, 16, 24)),
}


@pytest.fixture(params=HEADS)
def head(request):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return HEADS[request.param]()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    sizes = ((5, 8, 3), (5,), (5, 6))
    return tuple(torch.randn(size, generator=generator) for size in sizes)


def test_the_velocity_has_the_chunks_shape(head, batch):
    assert head(*batch).shape == (5, 8, 3)


def test_a_row_does_not_depend_on_its_batch(head, batch):
    alone = head(*(part[2:3] for part in batch))
    torch.testing.assert_close(alone, head(*batch)[2:3], atol=1e-5, rtol=1e-5)


def test_point_time_and_condition_all_matter(head, batch):
    for changed in range(3):
        other = tuple(part + 1.0 if i == changed else part for i, part in enumerate(batch))
        assert not torch.allclose(head(*other), head(*batch))


def test_sampling_equals_euler_over_the_whole_network(head, batch):
    noise, _, condition = batch
    reference = euler(lambda x, k: head(x, torch.full((5,), k / 4), condition), noise, 4)
    torch.testing.assert_close(head.sample(noise, condition, 4), reference, atol=1e-5, rtol=1e-5)


def test_every_weight_of_a_head_learns(head, batch):
    head(*batch).square().sum().backward()
    assert all(weight.grad is not None for weight in head.parameters())


def test_the_embedding_tells_times_apart():
    embedding = TimeEmbedding(16)(torch.tensor([0.0, 0.2, 0.4, 0.6, 0.8]))
    assert torch.pdist(embedding).min() > 1e-3
