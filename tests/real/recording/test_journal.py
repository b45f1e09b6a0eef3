from __future__ import annotations

import numpy as np
import pytest

from real.recording.journal import Journal, read


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "a.journal")
    for step in range(3):
        journal.add({"step": step}, {"x": np.full((2, 3), step), "empty": np.zeros((0, 3))})
    yield journal
    journal.close()


def test_what_was_added_is_there_before_the_file_is_closed(journal):
    records = [*read(journal.path)]
    assert [record.remarks for record in records] == [{"step": 0}, {"step": 1}, {"step": 2}]
    np.testing.assert_array_equal(records[2].arrays["x"], np.full((2, 3), 2))
    assert records[2].arrays["empty"].shape == (0, 3)


def test_wherever_it_is_torn_the_records_before_are_whole(journal):
    whole = journal.path.read_bytes()
    counts = []
    for size in [*range(0, len(whole), 7), len(whole) - 1, len(whole)]:
        journal.path.write_bytes(whole[:size])
        counts.append(len([*read(journal.path)]))
    assert counts == sorted(counts)
    assert (counts[0], counts[-2], counts[-1]) == (0, 2, 3)


def test_damage_in_the_middle_ends_it_there(journal):
    damaged = bytearray(journal.path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    journal.path.write_bytes(damaged)
    assert [record.remarks["step"] for record in read(journal.path)] == [0]


def test_a_foreign_file_has_no_records(tmp_path):
    path = tmp_path / "b.journal"
    path.write_bytes(b"\x80\x04 this is no journal" * 10)
    assert [*read(path)] == []


def test_it_is_not_written_over_another(journal):
    with pytest.raises(FileExistsError):
        Journal(journal.path)
