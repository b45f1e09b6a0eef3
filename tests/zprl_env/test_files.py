"""Folders that can be written and belong to one run; files that are whole or not there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from policies.checkpoints.output import package_version
from zprl_env.files import RunFolderError, check_file, create_folder, read_json, write_json


def test_runs_started_in_the_same_second_do_not_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [create_folder(None, "Lift", "sac") for _ in range(5)]
    assert len(set(folders)) == 5
    assert all(
        folder.is_dir() and folder.parts[:3] == ("runs", "Lift", "sac") for folder in folders
    )


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match=r"can be written\. Got: .*/file/folder"):
        create_folder(tmp_path / "file" / "folder", "Lift", "sac")
    with pytest.raises(RunFolderError, match=r"can be written\. Got: .*/file"):
        check_file(tmp_path / "file" / "results.json")
    with pytest.raises(RunFolderError, match=r"Expected a file.*Add a name\."):
        check_file(tmp_path)


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "results.json"
    write_json(path, {"value": 1}, versioned=False)
    circle: list = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        write_json(path, circle)
    assert read_json(path) == {"value": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_json_names_the_version_that_wrote_it_and_keeps_numbers_numbers(tmp_path):
    write_json(tmp_path / "results.json", {"steps": np.int64(3), "rate": np.float32(0.5)})
    expected = {"zprl_env_version": package_version(), "steps": 3, "rate": 0.5}
    assert read_json(tmp_path / "results.json") == expected


def test_unreadable_json_is_told_with_its_folder(tmp_path):
    (tmp_path / "results.json").write_bytes(b"\xff\xfe")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "long.json").write_text("1" * 10_000)
    for name in ("results.json", "history.json", "deep.json", "long.json"):
        with pytest.raises(RunFolderError, match=f"readable {name}. Got: {tmp_path}"):
            read_json(tmp_path / name)
    (tmp_path / "results.json").write_text(json.dumps([1]))
    assert read_json(tmp_path / "results.json") == [1]
