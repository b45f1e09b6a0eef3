import torch

from policies.model.unet import UnetHead


def test_the_published_size_takes_a_robomimic_chunk():
    head = UnetHead(7, 64, (128, 256, 512))
    with torch.no_grad():
        out = head(torch.zeros(1, 16, 7), torch.zeros(1), torch.zeros(1, 64))
    assert out.shape == (1, 16, 7)


def test_one_resolution_is_allowed():
    assert UnetHead(2, 4, (8,))(torch.zeros(3, 5, 2), torch.zeros(3), torch.zeros(3, 4)).shape == (
        3,
        5,
        2,
    )
