"""The ablations' table and figure set each base policy beside its agents."""

from __future__ import annotations

import pytest

from benchmarks.matrix import ablation
from benchmarks.matrix.__main__ import Summary
from benchmarks.matrix.cell import Cell
from benchmarks.matrix.studies import STUDIES
from benchmarks.tools.kept import keep_compact


def keep(out, variant: str, seed: int, base: float, steered: float) -> None:
    """Keep a cell's result, as small as it can be."""
    played = {"base policy": 0.9, "base policy, noise zero": base, "steered": steered}
    content = {
        "config": {"total_env_steps": 30_000},
        "history": {
            "episode_ends": [10_000, 20_000],
            "episode_successes": [0, 1],
            "evaluations": [[0, {"success_rate": base}]],
        },
        "results": {
            "seconds": 60.0,
            "test": {name: {"success_rate": rate} for name, rate in played.items()},
        },
        "base": {"imitation": variant, "weights_sha256": "0123456789"},
        "code": {"commit": "abcdefghij"},
    }
    keep_compact(Cell("ablations", "Lift", variant, seed, out).file, content)


@pytest.fixture
def kept(tmp_path):
    keep(tmp_path, "recipe", 0, 0.5, 0.9)
    keep(tmp_path, "recipe", 1, 0.5, 0.7)
    keep(tmp_path, "dim-4", 0, 0.25, 0.5)
    return tmp_path


def test_every_variant_of_the_study_has_a_place():
    shown = {variant for values in ablation.FACTORS.values() for variant in values.values()}
    assert shown == {*STUDIES["ablations"].variants}


def test_the_base_is_the_one_that_its_agents_steer(kept):
    found = ablation.ablated("ablations", "Lift", "recipe", kept)
    assert found == ablation.Ablated([0.5, 0.5], [0.9, 0.7], "01234567")
    assert ablation.ablated("ablations", "Lift", "dim-16", kept) is None


def test_the_table_has_a_row_for_what_is_done_and_none_for_the_rest(kept):
    lines = ablation.table("ablations", kept).splitlines()[2:]
    assert lines[1:3] == [
        "| Lift | dim z | 4 | 0.25 | 0.50 (0.50) | +0.25 | `01234567` |",
        "| Lift | dim z | 8 | 0.50 | 0.80 (0.90, 0.70) | +0.30 | `01234567` |",
    ]
    assert len(lines) == 1 + 2 + 1 + 1 + 1  # the control stands in every factor


def test_the_summary_draws_one_figure(kept, capsys):
    Summary("ablations", kept)()
    folder = kept / "ablations"
    assert (folder / ablation.FIGURE).read_bytes()[:4] == b"\x89PNG"
    assert capsys.readouterr().out.startswith("| task | factor | value | base |")
