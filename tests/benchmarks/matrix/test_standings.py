"""Standings by task and over tasks."""

from __future__ import annotations

import pytest

from benchmarks.matrix.cell import Cell
from benchmarks.matrix.standings import by_task, motion, over_tasks
from benchmarks.matrix.summary import outcomes
from benchmarks.tools.kept import keep_compact

MOVED = {"velocity": 0.125, "jerk": 20.0}


def keep(out, task, variant, seed, final, moved=MOVED):
    content = {
        "config": {"total_env_steps": 80_000},
        "history": {
            "episode_ends": [1000 * (n + 1) for n in range(80)],
            "episode_successes": [0] * 20 + [1] * 60,
            "evaluations": [],
        },
        "results": {
            "seconds": 60.0,
            "test": {
                "base policy": {"success_rate": 0.5},
                "base policy, noise 0": {"success_rate": 0.4},
                "steered": {"success_rate": final},
            },
        },
        "motion": {"base": moved, "steered": moved, "exploring": moved},
        "code": {"commit": "0123456789"},
    }
    keep_compact(Cell("tasks", task, variant, seed, out).file, content)


@pytest.fixture
def kept(tmp_path):
    for seed, final in enumerate((0.9, 0.8, 1.0)):
        keep(tmp_path, "Lift", "default", seed, final)
    keep(tmp_path, "Lift", "decorator", 0, 0.7)
    keep(tmp_path, "pen", "default", 0, 0.6, None)
    return tmp_path


def test_a_row_has_means_with_intervals_over_seeds(kept):
    lines = by_task(outcomes("tasks", kept)).splitlines()
    assert lines[2].startswith("| Lift | default | 3 | 0.50 |")
    assert "| 0.90 [0.80, 1.00] | 0.90 0.80 1.00 | 65,000 | 0.60 | 1 | 01234567 |" in lines[2]
    assert lines[3].startswith("| Lift | decorator | 1 | 0.50 |")
    assert "| 0.70 | 0.70 |" in lines[3]


def test_beside_what_was_trained_stands_the_best_fixed_noise(kept):
    lines = by_task(outcomes("tasks", kept)).splitlines()
    assert lines[4].startswith("| Lift | best fixed noise |  | 0.51 |  | 0.55 |")
    assert lines[5].startswith("| pen | default | 1 |")


def test_over_all_tasks_only_those_count_that_everybody_was_trained_on(kept):
    lines = over_tasks(outcomes("tasks", kept)).splitlines()
    assert lines[2].startswith("| default | 1 | 3 |")
    assert lines[3].startswith("| decorator | 1 | 1 |")
    assert lines[3].endswith("| 0.70 [0.70, 0.70] |")
    assert len(over_tasks({}).splitlines()) == 2


def test_motion_is_told_where_something_moves(kept):
    lines = motion("tasks", kept).splitlines()
    assert lines[2] == "| Lift | default | 0.125 | 0.125 | 0.125 | 20 | 20 | 20 |"
    assert not any("pen" in line for line in lines)
