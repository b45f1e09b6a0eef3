import dataclasses

import numpy as np
import pytest
import torch

from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from policies.imitation.config import BottleneckConfig
from policies.imitation.picture_samples import PictureSamples
from policies.pictures.preprocessing import Preprocessing

SETTINGS = BottleneckConfig(batch_size=6, val_fraction=0.25)
CROP = Preprocessing((36, 36), (32, 32))


def batches(samples, steps):
    generator = torch.Generator()
    return [samples.batch(step, 6, generator) for step in steps]


def test_frames_from_the_disk_are_those_from_memory_to_the_bit(dots_file):
    read = Demonstrations.load(dots_file, cameras=())
    said: list[str] = []
    kept = dataclasses.replace(SETTINGS, memory=1.0)
    on_disk = dataclasses.replace(SETTINGS, memory=0.0)
    with (
        PictureSamples(read, 4, kept, CROP, said.append) as quick,
        PictureSamples(read, 4, on_disk, CROP, said.append) as lazy,
    ):
        assert quick.digest() == lazy.digest()
        for (one, a), (two, b) in zip(
            batches(quick, (1, 2, 3)), batches(lazy, (1, 2, 3)), strict=True
        ):
            assert torch.equal(one["top"], two["top"])
            assert torch.equal(one["state"], two["state"])
            assert torch.equal(a, b)
    assert "80 frames, 0 MiB, kept in memory" in said[0]
    assert "read from the disk" in said[1]


def test_a_batch_follows_from_its_step_whatever_came_before(dots_seen):
    with (
        PictureSamples(dots_seen, 4, SETTINGS, CROP) as all_,
        PictureSamples(dots_seen, 4, SETTINGS, CROP) as resumed,
    ):
        (_, _, third), (again,) = batches(all_, (1, 2, 3)), batches(resumed, (3,))
        assert torch.equal(third[0]["top"], again[0]["top"])
        first, second, _ = batches(resumed, (1, 2, 3))
        assert not torch.equal(first[0]["top"], second[0]["top"])


def test_every_crop_is_a_piece_of_the_frame_of_its_own_step(dots_seen):
    states = np.concatenate([t.observations["hand"] for t in dots_seen.trajectories])
    frames = np.concatenate([t.frames["top"] for t in dots_seen.trajectories])
    with PictureSamples(dots_seen, 4, SETTINGS, CROP) as samples:
        (shown, _) = batches(samples, (1,))[0]
    for state, crop in zip(shown["state"].numpy(), shown["top"].numpy(), strict=True):
        (row,) = np.flatnonzero((states == state).all(1))[:1]
        pieces = [frames[row][i : i + 32, j : j + 32] for i in range(5) for j in range(5)]
        assert any(np.array_equal(crop, piece) for piece in pieces)


def test_held_out_episodes_are_never_in_a_batch(dots_seen):
    with PictureSamples(dots_seen, 4, SETTINGS, CROP) as samples:
        parts = dict(samples.measured())
        held = parts["val_"](torch.Generator())[0]["state"]
        assert len(held) == 20
        seen = torch.cat([shown["state"] for shown, _ in batches(samples, range(1, 30))])
        assert not (seen[:, None] == held).all(-1).any()


def test_states_alone_are_refused(linear_demonstrations):
    with pytest.raises(DemonstrationError, match="must have frames of cameras"):
        PictureSamples(linear_demonstrations, 4, SETTINGS, CROP)
