"""The tables of the results are what the committed raw data say, and pages include them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import algorithms, bottleneck, steering, tasks
from benchmarks.day import __main__ as day
from benchmarks.robot import runs as robot_runs
from benchmarks.robot import table as robot_table
from tests.helpers.documents import DOCS, ROOT

RESULTS = ROOT / "benchmarks" / "results"


def included() -> set[Path]:
    """Every table that a page includes."""
    found = set()
    for path in DOCS.rglob("*.md"):
        for target in re.findall(r"\{include\} (\S+)", path.read_text(encoding="utf-8")):
            found.add((path.parent / target).resolve())
    return found


def test_every_table_that_was_measured_is_on_a_page():
    measured = {*RESULTS.rglob("*.md")}
    assert measured
    assert measured <= included()


@pytest.mark.parametrize("task", [task for task in steering.RUNS if steering.load(task)])
def test_the_tables_are_what_the_committed_runs_say(task):
    expected = steering.table(task, steering.load(task))
    assert (steering.folder(task) / "table.md").read_text(encoding="utf-8") == expected


def test_the_table_of_tasks_is_what_was_measured():
    assert (tasks.RESULTS / "table.md").read_text(encoding="utf-8") == tasks.table()


def test_the_table_of_the_bottleneck_is_what_was_measured():
    expected = bottleneck.table(bottleneck.load(), bottleneck.VARIANTS)
    assert (bottleneck.RESULTS / "table.md").read_text(encoding="utf-8") == expected


def test_the_table_of_algorithms_is_what_was_measured():
    assert (algorithms.RESULTS / "table.md").read_text(encoding="utf-8") == algorithms.tables()


def test_the_table_of_the_robot_s_motion_is_what_was_measured():
    text = (robot_runs.RESULTS / "table.md").read_text(encoding="utf-8")
    assert text == robot_table.table()


def test_the_table_of_the_day_is_what_was_measured_and_no_limit_was_exceeded():
    text = (day.RESULTS / "table.md").read_text(encoding="utf-8")
    assert text == day.tables()
    assert "Limits exceeded, those of the box included: 0. Exceptions: 0." in text
