"""The dataset that a LeRobot policy names says its rate and what its numbers are."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from policies.errors import CheckpointError
from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint
from policies.foreign.lerobot.dataset import HOME, read_training_data
from policies.pictures.settings import PictureSettings
from tests.helpers.lerobot_checkpoints import write

BOOKKEEPING = ("timestamp", "frame_index", "episode_index", "index", "task_index")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    return write(tmp_path / "policy")


def dataset(folder, **changes):
    """Write as much of a dataset as is read."""
    numbers = {name: {"dtype": "int64", "shape": [1], "names": None} for name in BOOKKEEPING}
    own = {
        "observation.state": {"dtype": "float32", "shape": [2], "names": ["pan", "lift"]},
        "action": {"dtype": "float32", "shape": [2], "names": {"motors": ["pan", "lift"]}},
    }
    info = {
        "codebase_version": "v3.0",
        "fps": 30,
        "features": own | numbers,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "total_episodes": 1,
        "total_frames": 10,
        **changes,
    }
    (folder / "meta").mkdir(parents=True)
    (folder / "meta" / "info.json").write_text(json.dumps(info))


def trained_on(folder, said):
    (folder / "train_config.json").write_text(json.dumps(said))


@pytest.mark.parametrize("place", ["root", "home", "given"])
def test_rate_and_names_are_found_where_the_data_is(folder, tmp_path, place):
    where = {"root": tmp_path / "data", "given": tmp_path / "data", "home": tmp_path / "home/a/b"}
    dataset(where[place])
    if place != "given":
        root = str(where[place]) if place == "root" else None
        trained_on(folder, {"dataset": {"repo_id": "a/b", "root": root}})
    option = f"?dataset={where[place]}" if place == "given" else ""
    checkpoint = LeRobotCheckpoint(f"lerobot:{folder}{option}")
    assert checkpoint.describe()["rate"] == 30
    assert checkpoint.data.names_of(checkpoint.settings.states)[:3] == (
        "observation.state[0] (pan)",
        "observation.state[1] (lift)",
        "observation.environment_state[0]",
    )


def test_the_environment_it_was_evaluated_in_says_a_rate_too(folder):
    trained_on(folder, {"dataset": {"repo_id": "not/here"}, "env": {"type": "pusht", "fps": 10}})
    assert LeRobotCheckpoint(str(folder)).describe()["rate"] == 10


@pytest.mark.parametrize(
    "said", [{}, [], {"dataset": 3, "env": {"fps": "fast"}}, {"dataset": {"repo_id": "../.."}}, "{"]
)
def test_what_says_nothing_is_left_alone(folder, said):
    if said == "{":
        (folder / "train_config.json").write_text(said)
    else:
        trained_on(folder, said)
    assert read_training_data(folder, {}) == (None, {}, None)
    assert "rate" not in LeRobotCheckpoint(str(folder)).describe()


def test_a_folder_that_is_given_has_to_hold_a_dataset(folder, tmp_path):
    with pytest.raises(CheckpointError, match="dataset must be the folder of a LeRobotDataset"):
        LeRobotCheckpoint(f"lerobot:{folder}?dataset={tmp_path}")


@pytest.mark.parametrize("name", ["observation.state", "observation.environment_state"])
def test_statistics_are_ranges_whether_it_is_normalised_by_them_or_not(folder, name):
    ranges = LeRobotCheckpoint(str(folder)).processors.inputs[name].ranges()
    np.testing.assert_array_equal(ranges.low, 0.0)
    np.testing.assert_array_equal(ranges.high, 2.0)


def test_without_statistics_of_a_feature_nothing_is_known_of_it(folder):
    file = folder / "policy_preprocessor_step_3_normalizer_processor.safetensors"
    known = {k: v for k, v in load_file(file).items() if "environment" not in k}
    save_file(known, file)
    inputs = LeRobotCheckpoint(str(folder)).processors.inputs
    assert not inputs["observation.environment_state"].ranges().moved.any()


@pytest.mark.parametrize(
    ("cameras", "size", "known"),
    [(("wrist",), (8, 6), True), (("wrist", "side"), (8, 6), False), (("wrist",), (6, 8), False)],
)
def test_what_drew_the_pictures_is_known_where_the_data_says_it(
    folder, tmp_path, cameras, size, known
):
    drawn = PictureSettings(cameras=("top", "wrist"), image_size=(8, 6), renderer="llvmpipe")
    dataset(tmp_path / "data")
    remarks = {"picture_settings": drawn.to_dict()}
    (tmp_path / "data/meta/zprl_env.json").write_text(json.dumps(remarks))
    found = read_training_data(folder, {}, str(tmp_path / "data")).pictures_of(cameras, size)
    plain = PictureSettings(cameras=cameras, image_size=size)
    assert found == (drawn.select(cameras) if known else plain)


def test_remarks_that_cannot_be_are_no_reason_to_refuse_a_policy(folder, tmp_path):
    dataset(tmp_path / "data")
    (tmp_path / "data/meta/zprl_env.json").write_text('{"picture_settings": {"cameras": 3}}')
    assert read_training_data(folder, {}, str(tmp_path / "data")).pictures is None
