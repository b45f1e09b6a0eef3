"""The day's course knows what its processes said, and how the episodes ended."""

from __future__ import annotations

import h5py

from benchmarks.day.course import CODES, PARTS, Course, outcomes


def test_episodes_are_counted_by_how_they_ended(tmp_path):
    for number, outcome in enumerate(("stop", "success", "stop")):
        (tmp_path / "day.episodes").mkdir(exist_ok=True)
        with h5py.File(tmp_path / "day.episodes" / f"{number}.hdf5", "w") as file:
            file.create_group("data/demo_0").attrs["outcome"] = outcome
    assert outcomes(tmp_path) == {"stop": 2, "success": 1}


def test_an_exception_in_any_process_is_counted(tmp_path):
    course = Course(tmp_path, "place-orange", 1.0)
    assert course.exceptions() == 0
    assert course.commands() == 0
    course.texts = {"a": "fine", "b": "Traceback (most recent call last):\n  ..."}
    assert course.exceptions() == 1


def test_every_end_of_a_part_has_an_exit_code():
    assert {part.ends for part in PARTS} <= {*CODES}
