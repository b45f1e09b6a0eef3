"""A replay buffer that is saved and read back is the one that was saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.helpers.damage import damage
from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model, trained
from zprl_env.files import RunFolderError
from zprl_env.training.run.replay_file import load_replay, save_replay


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("run") / "replay.safetensors"
    model, _, _ = trained()
    save_replay(file, model.replay_buffer)
    return file


@pytest.fixture
def copy(file, tmp_path) -> Path:
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    return copy


def test_a_buffer_that_has_gone_round_goes_on_where_it_was(tmp_path):
    model, _, _ = trained(buffer_size=50)
    save_replay(tmp_path / "replay", model.replay_buffer)
    other, _ = make_small_model(PointEnv(), buffer_size=50)
    load_replay(tmp_path / "replay", other.replay_buffer)
    assert (other.replay_buffer.pos, other.replay_buffer.full) == (9, True)
    for name in ("observations", "next_observations", "actions", "rewards", "dones", "discounts"):
        mine, theirs = (getattr(m.replay_buffer, name) for m in (other, model))
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    other.learn(10, log_interval=None)
    assert other.replay_buffer.pos == 19


def test_an_empty_buffer_is_a_buffer(tmp_path):
    model, _ = make_small_model(PointEnv())
    save_replay(tmp_path / "replay", model.replay_buffer)
    load_replay(tmp_path / "replay", model.replay_buffer)
    assert model.replay_buffer.size() == 0


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "foreign"])
def test_a_damaged_buffer_is_refused_in_one_line(how, copy):
    damage(copy, how)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"Expected a replay buffer.*safetensors") as info:
        load_replay(copy, model.replay_buffer)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rewards", np.zeros((3, 1), np.float32)),
        ("observations", np.zeros((59, 1, 3), np.float32)),
        ("position", np.array([1000, 0])),
        ("position", np.array([1, 2, 3])),
        ("unheard_of", np.zeros(1)),
    ],
)
def test_a_buffer_of_another_configuration_is_refused(name, value, copy):
    save_file(load_file(copy) | {name: value}, copy)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"of the run's configuration"):
        load_replay(copy, model.replay_buffer)
