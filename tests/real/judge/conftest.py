"""Episodes whose success can be seen: a number that rises, and a picture that grows light."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, Trajectory
from real.judge.examples import examples_of
from real.judge.training import Fit, cross_validated
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")
QUICK = Fit(steps=120, batch_size=64, learning_rate=1e-2, folds=3)


def episode(success, seed, steps=90, pictures=False):
    """Make an episode at 30 Hz, at the end of which the orange is on the plate, or is not."""
    rng = np.random.default_rng(seed)
    near = np.linspace(0.0, 0.7, steps)
    if success:
        near[-15:] = 1.0
    observations = {"near": near[:, None] + rng.normal(0.0, 0.02, (steps, 1))}
    observations["noise"] = rng.normal(0.0, 1.0, (steps, 2))
    frames = {}
    if pictures:
        light = (255 * np.clip(near - 0.5, 0.0, 0.5) * 2).astype(np.uint8)
        texture = rng.integers(0, 60, (steps, 40, 40, 3), dtype=np.uint8)
        texture[:, 10:30, 10:30] = light[:, None, None, None]
        frames = {"front": texture}
    kept = {key: values.astype(np.float32) for key, values in observations.items()}
    over = np.arange(steps) == steps - 1
    rewards = (over & bool(success)).astype(np.float32)
    return Trajectory(kept, np.zeros((steps, 8), np.float32), rewards, over, success, frames)


def shown(count=8, pictures=False):
    env_args = {
        "env_name": "place-orange",
        "type": "real",
        "env_kwargs": {"preset": PRESET.model_dump(mode="json")},
    }
    episodes = [episode(n % 2 == 0, n, pictures=pictures) for n in range(2 * count)]
    return Demonstrations(tuple(episodes), env_args, ("near", "noise"))


@pytest.fixture(scope="session")
def trained():
    """Examples, and a judge's network, validation and scores of them; only to be read."""
    examples = examples_of(shown(), 30.0)
    return examples, *cross_validated(examples, None, 30.0, QUICK)


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A file of such episodes, with pictures; only to be read."""
    path = tmp_path_factory.mktemp("judge") / "shown.hdf5"
    shown(6, pictures=True).save(path)
    with h5py.File(path) as file:
        assert "preset" in json.loads(file["data"].attrs["env_args"])["env_kwargs"]
    return path
