"""Cost of pretraining from cameras."""

import json

import pytest

from benchmarks.pretraining.__main__ import Add, Run
from zprl_env.errors import ZprlError

WORDS = ("small", "mlp", "full")


def test_this_machine_is_measured_and_another_one_is_added(tmp_path, capsys):
    out = tmp_path / "pretraining.json"
    Run(device="cpu", seconds=0.05, encoders=("small",), heads=("mlp",), threads=1, out=out)()
    (row,) = json.loads(out.read_text())["CPU"]["rows"]
    assert (row["encoder"], row["head"], row["precision"], row["threads"]) == (*WORDS, 1)
    assert row["frames_per_second"] == pytest.approx(row["steps_per_second"] * 2 * 64)
    elsewhere = tmp_path / "steps.json"
    faster = {**row, "precision": "mixed", "steps_per_second": 100.0, "cpu_seconds_per_step": 0.03}
    elsewhere.write_text(json.dumps({"device": "A GPU", "torch": "2", "rows": [faster]}))
    Add(elsewhere, out)()
    table = out.with_suffix(".md").read_text()
    assert "| CPU | small | mlp |" in table
    assert "| A GPU | small | mlp |" in table
    assert table in capsys.readouterr().out
    (row,) = [line for line in table.splitlines() if "A GPU" in line]
    assert row.endswith("| 100.0 | {:,.0f} | 0.2 | 0.5 |".format(faster["frames_per_second"]))


def test_only_what_was_measured_is_added(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(
        ZprlError, match=r"other\.json must be what .*steps has printed\. Got: \[\]"
    ):
        Add(tmp_path / "other.json", tmp_path / "pretraining.json")()
