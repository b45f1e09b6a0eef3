import dataclasses

import torch

from policies.imitation.config import BottleneckConfig
from policies.imitation.samples import Samples, chunk_samples

SETTINGS = BottleneckConfig()


def test_whole_episodes_are_held_out(linear_demonstrations):
    config = dataclasses.replace(SETTINGS, val_fraction=0.25)
    train, held_out, everything, _ = chunk_samples(linear_demonstrations, 4, config)
    assert held_out is not None
    assert [len(part[0]) for part in (train, held_out, everything)] == [225, 75, 300]
    assert train[1].shape == (225, 4, 2)
    # In these demonstrations the observation names the episode.
    seen, kept = ({tuple(row) for row in part[0].tolist()} for part in (train, held_out))
    assert len(seen) == 45
    assert len(kept) == 15
    assert not seen & kept


def test_the_only_episode_is_not_held_out(linear_demonstrations):
    one = dataclasses.replace(
        linear_demonstrations, trajectories=linear_demonstrations.trajectories[:1]
    )
    assert chunk_samples(one, 4, SETTINGS).held_out is None


def test_the_seed_chooses_what_is_held_out(linear_demonstrations):
    first, again, other = (
        chunk_samples(linear_demonstrations, 4, dataclasses.replace(SETTINGS, seed=seed)).train[0]
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_part_can_be_replaced(linear_demonstrations):
    samples = chunk_samples(linear_demonstrations, 4, SETTINGS)
    swapped = samples.map(lambda observations, chunks: (chunks, observations))
    assert swapped.all[0] is samples.all[1]
    assert swapped.held_out is not None
    assert swapped.held_out[0].shape == (30, 4, 2)
    assert Samples(samples.train, None, samples.all).map(lambda x, y: (y, x)).held_out is None
