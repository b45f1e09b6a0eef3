"""The table of deployment: base, steered before and steered on the condition, seed by seed."""

from __future__ import annotations

from benchmarks.matrix import deployment
from benchmarks.matrix.cell import Cell
from benchmarks.tools.kept import keep_compact


def keep(out, condition: str, seed: int, steered: list[int], **more) -> None:
    """Keep a cell's result, as small as it can be."""
    played = {"base policy": [0, 0, 0, 0], "noise zero": [1, 0, 0, 0], "steered": steered}
    test = {name: {"successes": outcome} for name, outcome in played.items()}
    content = {"results": {"test": test}} | more
    keep_compact(Cell("mismatch", "Lift", condition, seed, out).file, content)


def test_a_condition_s_agents_are_set_beside_those_of_before(tmp_path):
    before = {"heavy": {"successes": [1, 1, 0, 0]}, "far": {"successes": [1, 0, 0, 0]}}
    keep(tmp_path, "nominal", 0, [1, 1, 1, 1], elsewhere=before)
    keep(tmp_path, "heavy", 0, [1, 1, 1, 0])
    keep(tmp_path, "heavy", 1, [1, 1, 1, 1])
    assert deployment.table("mismatch", tmp_path).splitlines()[2:] == [
        "| Lift | nominal | 0.25 |  | 1.00 |  |",
        "| Lift | heavy | 0.25 | 0.50 | 0.88 (0.75, 1.00) | +0.25 (1) |",
        "| Lift | far |  | 0.25 |  |  |",
    ]
