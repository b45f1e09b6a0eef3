"""The benchmark of network sizes compares what runs have learned in the same time."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import networks
from benchmarks.networks import Learned
from benchmarks.tools import training
from benchmarks.tools.kept import KeptRun
from zprl_env.errors import UnknownNameError, ZprlError


def evaluations(*rates: float) -> list[tuple[int, dict[str, float]]]:
    """One every 6,000 environment steps."""
    return [(6_000 * at, {"success_rate": rate}) for at, rate in enumerate(rates)]


def keep(folder: Path, **files: object) -> KeptRun:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return KeptRun(folder)


def test_success_is_averaged_over_the_same_time(tmp_path):
    kept = keep(tmp_path, history={"evaluations": evaluations(0.0, 1.0)})
    quick = Learned(64, 0, kept, rate=100.0)
    slow = quick._replace(rate=50.0)
    assert (quick.minutes, slow.minutes) == (1.0, 2.0)
    assert quick.success_within(1.0) == pytest.approx(0.5)
    assert slow.success_within(1.0) == pytest.approx(0.25)


def test_the_table_holds_runs_and_speeds(tmp_path):
    assert networks.table("Lift", tmp_path) == ""
    rate = {"success_rate": 0.5, "wilson_95": [0.4, 0.6]}
    test = {"base": rate, "steered": rate | {"success_rate": 0.9}}
    for width in networks.WIDTHS:
        history = {"evaluations": evaluations(0.5, width / 256)}
        keep(tmp_path / "lift" / f"{width}-0", results={"test": test}, history=history)
    speeds = {"64": [200, 100, 100], "128": [50], "256": [50]}
    networks.speed_file("Lift", tmp_path).write_text(json.dumps({"steps_per_second": speeds}))
    text = networks.table("Lift", tmp_path)
    assert "mean validation success of the first 1.0 minutes" in text
    assert "| 2 x 64 | 0 | 0.50 | 0.90 | 0.40 - 0.60 | 100 | 1.0 | 0.38 |" in text
    assert "| 2 x 256 | 0 | 0.50 | 0.90 | 0.40 - 0.60 | 50 | 2.0 | 0.62 |" in text


def test_runs_that_are_done_are_left_alone_and_a_seed_is_finished_first(tmp_path, monkeypatch):
    keep(tmp_path / "lift" / "128-0", results={})
    told: list[str] = []
    monkeypatch.setattr(training, "train", lambda run: told.append(run.arguments))
    networks.Run(("Lift",), out=tmp_path)()
    found = [re.search(r"--hidden (\d+) .* --seed (\d+)$", arguments) for arguments in told]
    assert [match.groups() for match in found if match] == [
        ("64", "0"),
        ("256", "0"),
        ("64", "1"),
        ("128", "1"),
        ("256", "1"),
    ]


def test_every_width_learns(shipped_point, monkeypatch):
    monkeypatch.setattr(networks, "TURN", 0.05)
    found = networks.measure(shipped_point, 0.0)
    assert set(found) == {*networks.WIDTHS}
    assert all(rate > 0 for (rate,) in found.values())


def test_the_committed_table_is_what_the_committed_runs_say():
    committed = (networks.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == networks.tables()


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        networks.COMMAND.parse(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0. Got: -1"):
        networks.COMMAND.parse(["speed", "--seconds", "-1"])
