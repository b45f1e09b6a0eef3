"""Corrections: of a takeover the person's steps are imitated, and several files together."""

from __future__ import annotations

import dataclasses
from typing import Any

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, Trajectory
from policies.demonstrations.corrections import SomeFrames, by_people, to_imitate, together
from policies.errors import ConfigurationError, DemonstrationError
from policies.frozen import FrozenPolicy
from policies.imitation.config import BottleneckConfig
from policies.imitation.samples import chunk_samples
from policies.pretrain import Arguments, run

TINY: dict[str, Any] = {
    "steps": 2,
    "hidden_dim": 8,
    "feature_dim": 4,
    "latent_dim": 2,
    "horizon": 3,
    "n_action_steps": 2,
}
TINY |= {"encoder_hidden_dims": (8,), "bottleneck_hidden_dims": (8,), "n_blocks": 1}


def episode(mine, start=0.0, frames=None):
    """Make an episode whose actions count its steps from `start` on."""
    steps = len(mine)
    numbers = start + np.arange(steps, dtype=np.float32)
    return Trajectory(
        {"x": numbers[:, None]},
        numbers[:, None],
        np.zeros(steps, np.float32),
        np.arange(steps) == steps - 1,
        True,
        frames or {},
        None if mine is None else np.array(mine, bool),
    )


def demonstrations(*episodes):
    return Demonstrations(episodes, {}, ("x",))


def test_no_chunk_runs_on_from_a_person_into_the_policy():
    shown = to_imitate(demonstrations(episode([0, 0, 1, 1, 0, 1])))
    assert [t.actions.ravel().tolist() for t in shown.trajectories] == [[2, 3], [5]]
    samples = chunk_samples(shown, 3, BottleneckConfig(val_fraction=0.0))
    chunks = samples.all[1].squeeze(-1).tolist()
    assert chunks == [[2, 3, 3], [3, 3, 3], [5, 5, 5]]


def test_episodes_of_one_hand_alone_stay_whole():
    whole = [episode([1, 1]), episode([0, 0])]
    assert [len(t) for t in to_imitate(demonstrations(*whole)).trajectories] == [2, 2]
    mixed = demonstrations(episode([0, 1]))
    assert to_imitate(mixed, "all") is mixed
    with pytest.raises(ConfigurationError, match="people or all"):
        to_imitate(mixed, "policy")  # type: ignore[arg-type]


def test_frames_of_a_stretch_are_those_of_its_steps():
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    (part,) = by_people(episode([0, 0, 1, 1, 1, 0], frames={"front": frames}))
    shown = part.frames["front"]
    assert isinstance(shown, SomeFrames)
    assert shown.shape == (3, 2, 2, 3)
    assert shown[1:3][:, 0, 0, 0].tolist() == [3, 4]
    assert [int(shown[row][0, 0, 0]) for row in (0, -1)] == [2, 4]


def test_a_step_of_a_heavier_file_is_drawn_more_often():
    light, heavy = demonstrations(episode([0] * 30)), demonstrations(episode([1] * 10, start=100.0))
    both = together([light, heavy], [1.0, 6.0])
    config = BottleneckConfig(val_fraction=0.0)
    samples = chunk_samples(both, 1, config)
    import torch

    drawn, _ = samples.batch(1, 30_000, torch.Generator().manual_seed(0))
    share = float((drawn >= 100.0).float().mean())
    assert share == pytest.approx(60 / 90, abs=0.01)
    assert sorted(set(drawn.ravel().tolist())) == [*range(30), *range(100, 110)]


def test_without_weights_nothing_changes_to_the_bit():
    import torch

    one = demonstrations(episode([0] * 30))
    config = BottleneckConfig(val_fraction=0.0)
    samples = [chunk_samples(d, 1, config) for d in (one, together([one]), together([one], [3.0]))]
    drawn = [s.batch(1, 64, torch.Generator().manual_seed(0))[0] for s in samples]
    assert all(torch.equal(drawn[0], other) for other in drawn[1:])
    assert len({s.digest() for s in samples}) == 1


def test_weights_that_are_none_are_refused():
    one = demonstrations(episode([0]))
    for weights in ([1.0], [1.0, 0.0], [1.0, float("nan")]):
        with pytest.raises(ConfigurationError, match="one number above 0 per file"):
            together([one, one], weights)


def test_files_of_another_task_are_refused():
    other = Trajectory({"x": np.zeros((1, 2))}, *(np.zeros((1, 1)), np.zeros(1), np.zeros(1)))
    with pytest.raises(DemonstrationError, match="same observation and action sizes"):
        together([demonstrations(episode([0])), demonstrations(other)])


def test_one_command_retrains_on_corrections(tmp_path, capsys):
    demonstrations(episode([0] * 6)).save(tmp_path / "first.hdf5")
    demonstrations(episode([0] * 6), episode([1] * 4)).save(tmp_path / "more.hdf5")
    with h5py.File(tmp_path / "more.hdf5", "r+") as file:  # as a robot's recording has it
        file["data/demo_0/by_person"] = np.array([0, 0, 0, 0, 1, 1], bool)
        file["data/demo_1/by_person"] = np.ones(4, bool)
    files = (tmp_path / "first.hdf5", tmp_path / "more.hdf5")
    shared = {"out": tmp_path / "policy", "val_fraction": 0.0, **TINY}
    run(Arguments(demonstrations=files, weights=(1.0, 4.0), **shared))
    assert "of people: 6 of 10 steps" in capsys.readouterr().out
    policy = FrozenPolicy.load(tmp_path / "policy")
    training = policy.metadata["training"]
    assert training["samples"] == 6 + 2 + 4
    assert len(training["demonstrations_sha256"]) == 2
    again = dataclasses.replace(
        Arguments(demonstrations=files, overwrite=True, imitate="all", **shared)
    )
    run(again)
    assert FrozenPolicy.load(tmp_path / "policy").metadata["training"]["samples"] == 16
