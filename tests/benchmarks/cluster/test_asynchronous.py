"""Trainings of both kinds of collection differ in nothing else, and are drawn up side by side."""

from __future__ import annotations

import json

from benchmarks.cluster.asynchronous import ASYNC, Asynchronous, async_table
from tests.helpers.finished_runs import outcome
from zprl_env.training.command_line import parse
from zprl_env.training.run.history import History


def test_they_differ_in_who_decides_alone(tmp_path):
    planned = Asynchronous(seeds=(0, 1), out=tmp_path).planned()
    assert [run.kept.name for run in planned] == ["sync-0", "async-0", "sync-1", "async-1"]
    first, second = (parse(run.arguments.split()) for run in planned[:2])
    assert (first.collect, second.collect) == ("sync", "async")
    assert first.recipe == second.recipe
    assert first.num_envs == second.num_envs == second.workers


def test_the_table_has_a_line_for_each(tmp_path):
    for way, ages in (("sync", {}), ("async", {"ages": {"mean": 12.3}})):
        run = tmp_path / ASYNC / f"{way}-0"
        run.mkdir(parents=True)
        test = {"base": {"success_rate": 0.5}, "steered": {"success_rate": 0.9}}
        history = History(evaluations=[(20_000, outcome([1, 0])), (40_000, outcome([1, 1]))])
        content = {"test": test, "seconds": 600, "reached": {"0.9": history.reached(0.9)}, **ages}
        (run / "results.json").write_text(json.dumps(content))
    table = async_table(tmp_path)
    assert "| sync | 0.90 | 10.0 | 40,000 |  |" in table
    assert "| async | 0.90 | 10.0 | 40,000 | 12 |" in table
