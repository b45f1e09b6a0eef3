"""Everything the README says can be typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import algorithms, bottleneck, robot, steering, tasks

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
MODULES = sorted(set(re.findall(r"python -m ([\w.]+)", README)))


def test_the_readme_shows_a_script_of_at_most_ten_lines():
    assert SNIPPETS
    assert len(SNIPPETS[0].strip().splitlines()) <= 10


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_the_script_runs(snippet):
    shorter, changed = re.subn(r"total_timesteps=[\d_]+", "total_timesteps=12", snippet)
    assert changed
    exec(compile(shorter, "README.md", "exec"), {})


@pytest.mark.parametrize("module", MODULES)
def test_every_command_exists_and_explains_itself(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def test_every_picture_and_page_it_links_is_in_the_repository():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target


@pytest.mark.parametrize("task", [task for task in steering.RUNS if steering.load(task)])
def test_the_tables_are_what_the_committed_runs_say(task):
    expected = steering.table(task, steering.load(task))
    assert (steering.folder(task) / "table.md").read_text(encoding="utf-8") == expected
    assert expected in README


def test_the_table_of_tasks_is_what_was_measured():
    expected = tasks.table()
    assert (tasks.RESULTS / "table.md").read_text(encoding="utf-8") == expected
    assert expected in README


def test_the_table_of_the_bottleneck_is_what_was_measured():
    expected = bottleneck.table(bottleneck.load(), bottleneck.VARIANTS)
    assert (bottleneck.RESULTS / "table.md").read_text(encoding="utf-8") == expected


def test_the_table_of_algorithms_is_what_was_measured():
    expected = algorithms.tables()
    assert (algorithms.RESULTS / "table.md").read_text(encoding="utf-8") == expected
    assert expected in README


def test_the_table_of_the_robot_s_motion_is_what_was_measured():
    expected = robot.table()
    assert (robot.RESULTS / "table.md").read_text(encoding="utf-8") == expected
    assert expected in README
