"""Checks are carried out whatever is raised, and what they find is told apart."""

from __future__ import annotations

from zprl_env.testing.findings import Note, StopChecks, look


def _finds_two(subject):
    yield f"a fault of {subject}."
    yield Note("a note")


def _breaks(subject):
    yield "one"
    raise ValueError("broken")


def _stops(subject):
    yield "last"
    raise StopChecks


def _never(subject):
    raise AssertionError("not reached")


def test_faults_come_with_their_check_and_notes_by_themselves():
    found = look("it", [_finds_two, _breaks, _stops, _never])
    assert found.notes == ["a note"]
    assert found.faults == [
        "finds two: a fault of it",
        "breaks: one",
        "breaks: raised ValueError: broken",
        "stops: last",
    ]
