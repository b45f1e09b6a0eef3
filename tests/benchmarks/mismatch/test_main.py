"""The benchmark of mismatch plays every amount once and sets it beside the task as it was shown."""

from __future__ import annotations

import pytest

import benchmarks.mismatch.__main__ as benchmark
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import VALIDATION_SEED
from zprl_env.files import read_json


@pytest.fixture
def short(monkeypatch):
    """Two amounts of box-close and one episode, which is short."""
    amounts = {"heavy": (4, 100), "slippery": (), "late": (), "biased": (), "far": ()}
    monkeypatch.setitem(benchmark.TRIED, "box-close", amounts)
    monkeypatch.setattr(benchmark, "VALIDATION", range(VALIDATION_SEED, VALIDATION_SEED + 2))


def test_every_amount_is_kept_once_and_a_killed_run_goes_on(short, tmp_path, monkeypatch, capsys):
    told = []

    def play(name, env, agent, seeds):
        told.append((name, env.unwrapped.mismatch))
        if len(told) == 2:
            raise KeyboardInterrupt
        return original(name, env, agent, seeds)

    original = benchmark.play
    monkeypatch.setattr(benchmark, "play", play)
    with pytest.raises(KeyboardInterrupt):
        benchmark.Run(("box-close",), out=tmp_path)()
    assert [*read_json(tmp_path / "box-close.json")["played"]] == ["nominal"]
    benchmark.Run(("box-close",), out=tmp_path)()
    assert told == [
        ("box-close, nominal", {}),
        ("box-close, heavy 4", {"object_mass": 4.0}),
        ("box-close, heavy 4", {"object_mass": 4.0}),
        ("box-close, heavy 100", {"object_mass": 100.0}),
    ]
    content = read_json(tmp_path / "box-close.json")
    assert content["noise"] == "zero"
    assert content["played"]["heavy 4"]["seeds"] == [VALIDATION_SEED, VALIDATION_SEED + 1]
    benchmark.Summary(tmp_path)()
    rows = capsys.readouterr().out.splitlines()[-4:-1]
    assert [row.split(" | ")[1:3] for row in rows] == [
        ["nominal", ""],
        ["heavy", "4 times"],
        ["heavy", "**100 times**"],
    ]


@pytest.mark.parametrize("task", benchmark.CHOSEN)
def test_what_is_chosen_follows_its_rule_from_what_was_played(task):
    played = benchmark.Played(task)

    def rate_of(name: str) -> float:
        outcome = played.outcome(name)
        assert outcome is not None
        return outcome.success_rate

    for condition, amount in benchmark.CHOSEN[task].items():
        amounts = [one for _, name, one in played.amounts() if name == condition]
        rates = [rate_of(f"{condition} {one:g}") for one in amounts]
        enough = [
            one
            for one, rate in zip(amounts, rates, strict=True)
            if rate > 0 and round(rate_of("nominal") - rate, 6) >= 0.15
        ]
        assert amount == (enough or amounts[-1:])[0], condition


def test_the_committed_table_is_what_was_played():
    committed = (benchmark.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == benchmark.table()


def test_a_task_without_conditions_is_told():
    with pytest.raises(UnknownNameError, match="unknown task with conditions 'hammer'"):
        benchmark.COMMAND.parse(["run", "hammer"])
