import torch

from policies.model.encoders import StateEncoder


def test_the_embedding_has_the_asked_size():
    assert StateEncoder(19, (32, 32), 64)(torch.zeros(3, 19)).shape == (3, 64)


def test_no_hidden_layer_is_a_linear_map():
    encoder = StateEncoder(2, (), 3)
    x = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    offset = encoder(torch.zeros(1, 2))
    torch.testing.assert_close(encoder(2 * x) - offset, 2 * (encoder(x) - offset))
