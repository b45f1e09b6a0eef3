"""Rows of a LeRobotDataset are those of their episode, whole and in order."""

# mypy: disable-error-code="func-returns-value, arg-type"

import numpy as np
import pytest

from policies.demonstrations.formats.table import open_source
from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import (
    LIST,
    MADE_BY_LEROBOT,
    ROWS,
    change_json,
    change_table,
    copy_of_lerobots,
    cut,
    feature,
    remove,
    replace,
    reread,
    swap_rows,
    table,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")

CASES = {
    "a row has another episode's number": (
        table(ROWS, "episode_index", 4, 0),
        "episode_0 must have the 3 rows.*Got: 4",
    ),
    "rows are not in order": (swap_rows, "rows of episode_1 must follow each other"),
    "an index is there twice": (table(ROWS, "index", 4, 3), "index of episode_1 must count on"),
    "the file of rows is missing": (remove(ROWS), "must be the file .*file-000.parquet. Got: none"),
    "the file of rows has no end": (
        cut(ROWS, -200),
        "must be a complete parquet file: it has no end, as when writing it was interrupted",
    ),
    "there is only a pointer to it": (
        replace(ROWS, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "a pointer of Git LFS to it. Run `git lfs pull`",
    ),
    "a column is missing": (
        lambda folder: change_table(folder / ROWS, lambda columns: columns.pop("action")),
        "must have a column for each feature of meta/info.json. Got none of: action",
    ),
    "rows have another width than is said": (
        feature("observation.state", shape=[3], names=None),
        "observation.state must have 3 numbers in each row.*Got: 6 float32 in 3 rows",
    ),
    "a value is missing": (table(ROWS, "action", 0, None), "action must have a value in each row"),
    "a value is not finite": (table(ROWS, "action", 0, float("nan")), "actions must be finite"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_that_contradicts_itself_says_where(tmp_path, case):
    harm, said = CASES[case]
    folder = copy_of_lerobots(tmp_path / "data")
    harm(folder)
    with pytest.raises(DemonstrationError, match=said):
        reread(folder)


def test_numbers_of_a_part_of_the_episodes_stay_what_they_are(tmp_path):
    """Episodes 1 and 2 alone keep their numbers and index, as LeRobot's own subsets do."""
    folder = copy_of_lerobots(tmp_path / "data")

    def without_first(columns):
        keep = [i for i, number in enumerate(columns["episode_index"]) if number]
        for name, values in columns.items():
            columns[name] = [values[i] for i in keep]

    change_table(folder / ROWS, without_first)
    change_table(folder / LIST, without_first)
    change_json(folder / "meta/info.json", total_episodes=2, total_frames=9)
    whole, part = reread(MADE_BY_LEROBOT), reread(folder)
    for due, got in zip(whole.trajectories[1:], part.trajectories, strict=True):
        assert np.array_equal(due.actions, got.actions)
        assert np.array_equal(due.frames["side_image"][:], got.frames["side_image"][:])
    with open_source(folder) as source:
        assert source.names == ("episode_1", "episode_2")
