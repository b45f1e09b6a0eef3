"""What a disk has no room for is said, kept, and written once there is."""

from __future__ import annotations

from functools import partial

import pytest

from zprl_env.files import RunFolderError, write_json, write_whole
from zprl_env.writing import Writing


def test_what_is_left_is_written_once_there_is_room_and_only_the_newest_of_a_name(tmp_path):
    said: list[str] = []
    writing = Writing(said.append)
    folder = tmp_path / "full"
    for content in ({"at": 1}, {"at": 2}):
        assert not writing("history", partial(write_json, folder / "h.json", content))
    assert writing.left == ["history"]
    assert said[0].startswith("history is not written yet and tried again later. Expected to write")
    with pytest.raises(RunFolderError, match=r"Got no room for: history\. Make room, and give the"):
        writing.check()
    folder.mkdir()
    writing.check()
    assert writing.left == []
    assert '"at": 2' in (folder / "h.json").read_text()


def test_a_file_that_cannot_be_completed_is_not_there_and_what_was_stays(tmp_path):
    (tmp_path / "curve.png").write_text("before")

    def draw(partial) -> None:
        partial.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(RunFolderError, match=r"Expected to write .*curve\.png\. Got: OSError"):
        write_whole(tmp_path / "curve.png", draw)
    assert [path.name for path in tmp_path.iterdir()] == ["curve.png"]
    assert (tmp_path / "curve.png").read_text() == "before"
