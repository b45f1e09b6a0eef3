"""Frames of a video are those of their steps, or it is said which are not."""

# mypy: disable-error-code="func-returns-value, arg-type"

import numpy as np
import pytest

from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import (
    LIST,
    MADE_BY_LEROBOT,
    SIDE,
    VIDEO,
    change_table,
    copy_of_lerobots,
    cut,
    entry,
    feature,
    replace,
    reread,
    small_demonstrations,
    table,
    write_small,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")

CASES = {
    "one start time for all episodes": (
        table(LIST, f"{SIDE}/from_timestamp", 1, 0.0),
        "a part of its own of the video of observation.images.side_image",
    ),
    "a start time beyond the end": (
        lambda folder: change_table(
            folder / LIST,
            lambda c: (
                c[f"{SIDE}/from_timestamp"].__setitem__(2, 2.0),
                c[f"{SIDE}/to_timestamp"].__setitem__(2, 3.0),
            ),
        ),
        "episode_2: camera side_image must have a frame for each of the 5 steps, from 2 s on. "
        "Got: 2 of them",
    ),
    "a part that is longer than the episode": (
        table(LIST, f"{SIDE}/to_timestamp", 0, 0.8),
        "must be as long as the episode, 3 frames. Got: 0 to 0.8 s at 5",
    ),
    "a file that is not there": (
        table(LIST, f"{SIDE}/file_index", 1, 7),
        r"there must be the file .*file-007\.mp4",
    ),
    "no start time": (table(LIST, f"{SIDE}/from_timestamp", 0, None), "a time at which it begins"),
    "a video that is cut off": (
        cut(VIDEO, 1500),
        "must be one that PyAV .* decodes here|must have a frame for each",
    ),
    "a video that is none": (replace(VIDEO, b"no video" * 200), "must be one that PyAV"),
    "frames of another size": (
        feature("observation.images.side_image", shape=[32, 64, 3]),
        r"must have the shape \(32, 64, 3\), as meta/info.json says. Got: \(64, 64, 3\)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_that_contradicts_itself_says_where(tmp_path, case):
    harm, said = CASES[case]
    folder = copy_of_lerobots(tmp_path / "data")
    harm(folder)
    with pytest.raises(DemonstrationError, match=said):
        reread(folder)


def test_a_start_time_is_true_to_half_a_frame(tmp_path):
    folder = copy_of_lerobots(tmp_path / "data")
    change_table(folder / LIST, entry(f"{SIDE}/from_timestamp", 2, 7 / 5 + 0.09))
    whole, moved = (reread(f).trajectories[2].frames for f in (MADE_BY_LEROBOT, folder))
    assert np.array_equal(whole["side_image"][:], moved["side_image"][:])


def test_each_camera_has_a_file_and_a_start_of_its_own(tmp_path):
    """The first of two videos begins an episode later than the other's."""
    folder = write_small(tmp_path / "data", pictures="h264")
    side = "videos/observation.images.wrist"
    (folder / side / "chunk-000/file-000.mp4").rename(folder / side / "chunk-000/file-005.mp4")
    change_table(
        folder / LIST, lambda columns: columns.__setitem__(f"{side}/file_index", [5, 5, 5])
    )
    due = small_demonstrations()
    for made, read in zip(due.trajectories, reread(folder).trajectories, strict=True):
        for camera in due.cameras:
            off = abs(np.asarray(made.frames[camera][:], int) - read.frames[camera][:]).mean()
            assert off < 20, camera  # another frame of these blocks is 80 off
