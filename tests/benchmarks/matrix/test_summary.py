"""The table compares variants with the control seed by seed."""

from __future__ import annotations

import pytest

from benchmarks.matrix.cell import Cell
from benchmarks.matrix.summary import by_task, ideas, outcomes, spread, table
from benchmarks.tools.kept import keep_compact


def keep(out, task, variant, seed, successes):
    ends = [5_000 * (number + 1) for number in range(6)]
    content = {
        "config": {"total_env_steps": 30_000},
        "history": {
            "episode_ends": ends,
            "episode_successes": successes,
            "evaluations": [[0, {"success_rate": 0.1}], [10_000, {"success_rate": 0.75}]],
        },
        "results": {"seconds": 90.0},
        "code": {"commit": "0123456789"},
    }
    keep_compact(Cell("ideas", task, variant, seed, out).file, content)


@pytest.fixture
def kept(tmp_path):
    for seed in (10, 11):
        keep(tmp_path, "Lift", "default", seed, [0] * 6)
    keep(tmp_path, "Lift", "wide", 10, [1] * 6)
    keep(tmp_path, "Lift", "wide", 11, [0] * 6)
    keep(tmp_path, "hammer", "wide", 10, [1] * 6)  # whose control is not done yet
    return tmp_path


def test_a_variant_is_paired_with_the_control_of_its_seed(kept):
    found = outcomes("ideas", kept)
    assert by_task(found["wide"], found["default"]) == {"Lift": [1.0, 0.0]}
    assert found["wide"]["Lift", 10].validation == (0.75,)
    assert spread(found["wide"]) == pytest.approx(0.5**0.5)
    assert spread(found["default"]) == 0.0


def test_the_table_has_a_row_for_every_variant_with_results(kept):
    lines = table("ideas", kept).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| default", "| wide"]
    assert "+0.500 (2)" in lines[3]
    assert "+0.500 | +0.000 to +1.000" in lines[3]
    assert lines[3].endswith("| 0.75 | 1.5 | 01234567 |")
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert "`--algo sac --hidden 256 256`" in ideas("ideas", kept)
