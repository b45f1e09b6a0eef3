from __future__ import annotations

import numpy as np
import pytest

from real.recording.journal import MAGIC, Damage, Journal, Record, read, scan


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


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_anywhere_costs_one_record_and_is_told(journal, bit):
    whole = journal.path.read_bytes()
    starts = record_starts(whole)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        journal.path.write_bytes(damaged)
        found = [*scan(journal.path)]
        hit = next((i for i, start in reversed([*enumerate(starts)]) if place >= start), None)
        kept = [item.remarks["step"] for item in found if isinstance(item, Record)]
        assert kept == [step for step in range(3) if step != hit], place
        assert [type(item) for item in found].count(Damage) == 1, place


def test_several_damaged_records_cost_no_others(journal):
    damaged = bytearray(journal.path.read_bytes())
    for start in record_starts(damaged)[:2]:
        damaged[start : start + 12] = b"\xff" * 12  # length and checksum as well
    journal.path.write_bytes(damaged)
    assert [record.remarks["step"] for record in read(journal.path)] == [2]


def test_a_torn_end_is_told_from_damage(journal):
    whole = journal.path.read_bytes()
    for tail in (whole[:-5], whole[:-5] + bytes(5000), whole + bytes(64)):
        journal.path.write_bytes(tail)
        *records, last = scan(journal.path)
        assert isinstance(last, Damage)
        assert last.torn
        assert all(isinstance(record, Record) for record in records)
    journal.path.write_bytes(MAGIC[:7])
    assert [*scan(journal.path)] == [Damage(0, 7, torn=True)]


def record_starts(content):
    """Where each record begins, by the lengths of a whole journal."""
    starts, place = [], len(MAGIC)
    while place < len(content):
        starts.append(place)
        place += 8 + int.from_bytes(content[place : place + 4], "little")
    return starts


def test_a_foreign_file_has_no_records(tmp_path):
    path = tmp_path / "b.journal"
    path.write_bytes(b"\x80\x04 this is no journal" * 10)
    assert [*read(path)] == []


def test_it_is_not_written_over_another(journal):
    with pytest.raises(FileExistsError):
        Journal(journal.path)
