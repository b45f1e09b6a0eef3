"""Episodes of a LeRobotDataset lie where its list says, or the list is refused."""

# mypy: disable-error-code="func-returns-value, arg-type"

import pytest

from policies.demonstrations import Demonstrations
from policies.demonstrations.formats.table import open_source
from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import (
    LIST,
    ROWS,
    change_json,
    change_table,
    copy_of_lerobots,
    cut,
    drop_last_of_list,
    drop_tasks_row,
    entry,
    info,
    remove,
    reread,
    second_file_is_empty_of_it,
    table,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")

CASES = {
    "fewer episodes are listed than counted": (
        drop_last_of_list,
        r"must count the episodes and frames.*3 episodes with 12 frames there, 2 with 7",
    ),
    "more frames are counted than listed": (info(total_frames=13), "3 episodes with 13 frames"),
    "an episode is listed twice": (table(LIST, "episode_index", 1, 0), "episode_0 twice"),
    "the list leads to a file without its rows": (
        second_file_is_empty_of_it,
        r"episode_2 must have the 5 rows .*file-001.parquet.*Got: 0; the file has 7 rows of the "
        "episodes 0 to 1",
    ),
    "a length is not that of the rows": (
        lambda folder: (
            change_table(folder / LIST, entry("length", 1, 3)),
            change_json(folder / "meta/info.json", total_frames=11),
        ),
        "episode_1 must have the 3 rows that its length says.*Got: 4",
    ),
    "episodes claim the same rows": (
        table(LIST, "dataset_from_index", 1, 2),
        "a part of its own of the rows of the dataset.*episode_1 begins at 2, before episode_0",
    ),
    "an episode has no steps": (
        lambda folder: (
            change_table(folder / LIST, entry("length", 0, 0)),
            change_json(folder / "meta/info.json", total_frames=9),
        ),
        "episode_0 must have steps. Got: a length of 0",
    ),
    "a task has no text": (
        drop_tasks_row,
        r"task_index of episode_1 must be that of a task.*\[1\]",
    ),
    "the list has no end": (cut(LIST, 4000), "must be a complete parquet file"),
    "the list is missing": (remove(LIST), "interrupted before its first episode was finished"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_that_contradicts_itself_says_where(tmp_path, case):
    harm, said = CASES[case]
    folder = copy_of_lerobots(tmp_path / "data")
    harm(folder)
    with pytest.raises(DemonstrationError, match=said):
        reread(folder)


def test_bad_episodes_are_left_out_on_request(tmp_path):
    folder = copy_of_lerobots(tmp_path / "data")
    change_table(folder / ROWS, entry("timestamp", 2, 0.9))
    read = Demonstrations.load(folder, skip_bad=True)
    assert [len(episode) for episode in read.trajectories] == [4, 5]
    assert "frame_index / fps" in read.skipped["episode_0"]


def test_tasks_are_found_by_their_number_and_not_by_their_row(tmp_path):
    folder = copy_of_lerobots(tmp_path / "data")
    change_table(folder / "meta/tasks.parquet", lambda c: [v.reverse() for v in c.values()])
    with open_source(folder) as source:
        [source.episode(name) for name in source.names]
        assert not source.notes
