"""The benchmark of network sizes compares what runs have learned in the same time."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks import networks, steering
from benchmarks.networks import Run
from zprl_env.errors import UnknownNameError, ZprlError


def evaluations(*rates: float) -> list[tuple[int, dict[str, float]]]:
    """One every 6,000 environment steps."""
    return [(6_000 * at, {"success_rate": rate}) for at, rate in enumerate(rates)]


def test_success_is_averaged_over_the_same_time():
    quick = Run(64, 0, [], evaluations(0.0, 1.0), rate=100.0)
    slow = quick._replace(rate=50.0)
    assert (quick.minutes, slow.minutes) == (1.0, 2.0)
    assert quick.success_within(1.0) == pytest.approx(0.5)
    assert slow.success_within(1.0) == pytest.approx(0.25)


def test_the_table_holds_runs_and_speeds(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "RESULTS", tmp_path)
    assert networks.table("Lift") == ""
    rate = {"success_rate": 0.5, "wilson_95": [0.4, 0.6]}
    for width, seed, kept in networks.runs("Lift"):
        if seed:
            continue
        kept.mkdir(parents=True)
        test = {"base": rate, "steered": rate | {"success_rate": 0.9}}
        (kept / "results.json").write_text(json.dumps({"test": test}))
        history = {"evaluations": evaluations(0.5, width / 256)}
        (kept / "history.json").write_text(json.dumps(history))
    speeds = {"64": [200, 100, 100], "128": [50], "256": [50]}
    networks.speed_file("Lift").write_text(json.dumps({"steps_per_second": speeds}))
    text = networks.table("Lift")
    assert "mean validation success of the first 1.0 minutes" in text
    assert "| 2 x 64 | 0 | 0.50 | 0.90 | 0.40 - 0.60 | 100 | 1.0 | 0.38 |" in text
    assert "| 2 x 256 | 0 | 0.50 | 0.90 | 0.40 - 0.60 | 50 | 2.0 | 0.62 |" in text


def test_runs_that_are_done_are_left_alone_and_a_seed_is_finished_first(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "RESULTS", tmp_path)
    done = tmp_path / "lift" / "128-0"
    done.mkdir(parents=True)
    (done / "results.json").touch()
    told: list[str] = []
    monkeypatch.setattr(
        steering, "train_into", lambda kept, task, arguments: told.append(arguments)
    )
    networks.run(["Lift"])
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
    monkeypatch.setattr(networks, "SECONDS", 0.0)
    found = networks.measure(shipped_point)
    assert set(found) == {*networks.WIDTHS}
    assert all(rate > 0 for (rate,) in found.values())


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        networks.main(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"Expected 'run \[TASK \.\.\.\]'"):
        networks.main([])
