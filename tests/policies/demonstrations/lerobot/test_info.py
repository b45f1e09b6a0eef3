"""The description of a LeRobotDataset: its rate, its features, its cameras."""

# mypy: disable-error-code="func-returns-value, arg-type"

import json

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.demonstrations.formats.table import open_source
from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import (
    ROWS,
    change_json,
    copy_of_lerobots,
    feature,
    info,
    reread,
    small_demonstrations,
    table,
    write_small,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")

CASES = {
    "another fps than the rows'": (info(fps=10), r"timestamp of episode_0 must be frame_index"),
    "no fps": (info(fps=0), "fps of meta/info.json must be the number of steps per second"),
    "a gap in time": (table(ROWS, "timestamp", 2, 0.9), "Got: 0.900 s at frame 2"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_that_contradicts_itself_says_where(tmp_path, case):
    harm, said = CASES[case]
    folder = copy_of_lerobots(tmp_path / "data")
    harm(folder)
    with pytest.raises(DemonstrationError, match=said):
        reread(folder)


def test_a_rate_that_the_environment_contradicts_is_told(tmp_path):
    folder = write_small(tmp_path / "data", fps=10)
    with open_source(folder) as source:
        assert (
            "fps of meta/info.json is 10 and control_freq of its environment 20" in source.notes[0]
        )


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (("state", "image", "wrist_image", "actions"), "openpi's"),
        (("observation.state", "observation.image", "observation.wrist", "action"), "PushT's"),
    ],
)
def test_features_of_other_names_are_found(tmp_path, names, kinds):
    folder = write_small(tmp_path / "data")
    state, first, second, action = names
    renamed = {
        "observation.state": state,
        "observation.images.top": first,
        "observation.images.wrist": second,
        "action": action,
    }
    (folder / "meta/zprl_env.json").unlink()

    def rename(columns):
        import pyarrow.parquet as pq

        table = pq.read_table(folder / ROWS)
        table = table.rename_columns([renamed.get(name, name) for name in table.schema.names])
        pq.write_table(table, folder / ROWS)

    rename(None)
    stated = json.loads((folder / "meta/info.json").read_text())
    features = {renamed.get(n, n): f for n, f in stated["features"].items()}
    change_json(folder / "meta/info.json", features=features)
    read, due = reread(folder), small_demonstrations()
    assert len(read.cameras) == 2
    for made, got in zip(due.trajectories, read.trajectories, strict=True):
        assert np.array_equal(made.actions, got.actions)
        assert np.array_equal(made.observations["robot0_eef_pos"], got.observations[state])
        for camera, there in zip(due.cameras, read.cameras, strict=True):
            assert np.array_equal(made.frames[camera], got.frames[there][:])


def test_depths_and_grey_pictures_are_left_out(tmp_path):
    folder = copy_of_lerobots(tmp_path / "data")
    feature("observation.images.side_image", info={"video.is_depth_map": True})(folder)
    read = Demonstrations.load(folder, cameras=())
    assert read.cameras == ("front",)
    assert read.left_out["observation.images.side_image"] == "an image, a depth map"
