import torch

from policies.model.spatial import SpatialEmbedding, SpatialSoftArgmax


def test_the_soft_maximum_follows_what_it_has_found():
    maps = torch.zeros(2, 1, 5, 9)
    maps[0, 0, 1, 2] = maps[1, 0, 4, 8] = 20.0
    found = SpatialSoftArgmax(1)(maps)
    torch.testing.assert_close(found, torch.tensor([[-0.5, -0.5, 20.0], [1.0, 1.0, 20.0]]))


def test_a_spatial_embedding_is_linear_and_knows_places():
    embed = SpatialEmbedding(2, 6, 4)
    maps = torch.randn(3, 2, 2, 3)
    assert embed(maps).shape == (3, 8)
    torch.testing.assert_close(embed(2 * maps), 2 * embed(maps))
    assert not torch.allclose(embed(maps), embed(maps.flip(-1)))
