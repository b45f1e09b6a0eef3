"""The benchmark of algorithms gives each the same environment steps."""

from __future__ import annotations

import json

import pytest

from benchmarks import algorithms
from benchmarks.tools import training
from benchmarks.tools.kept import KeptRun
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError

PPO = {"rollout_decisions": 100, "batch_size": 30, "n_epochs": 2}
SAC = {"warmup_decisions": 500, "updates_per_decision": 4}


def keep(folder, **files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return KeptRun(folder)


@pytest.mark.parametrize(
    ("algo", "recipe", "expected"),
    [("sac", SAC, 4 * 500), ("ppo", PPO, 10 * 2 * 4)],  # 100 decisions in batches of 30 are four
)
def test_updates_are_counted_as_the_algorithm_takes_them(tmp_path, algo, recipe, expected):
    config = {"algo": algo, "recipe": recipe}
    run = keep(tmp_path / "run", results={"decisions": 1000}, config=config)
    assert algorithms.updates(run) == expected


def test_the_table_tells_when_the_goal_was_reached(tmp_path):
    base = {"success_rate": 0.5, "wilson_95": [0.4, 0.6]}
    test = {"base": base, "noise 0": base, "steered": {"success_rate": 0.9, "wilson_95": [0.8, 1]}}
    keep(
        tmp_path / "lift" / "sac-3",
        results={"test": test, "decisions": 1000, "seconds": 120.0},
        history={"evaluations": [[0, base], [10_001, test["steered"]], [20_000, base]]},
        config={"algo": "sac", "recipe": SAC},
    )
    text = algorithms.table("Lift", tmp_path)
    assert text.splitlines()[2:] == ["| sac | 3 | 0.50 | 0.90 | 0.80 - 1.00 | 10,001 | 2.0 | 17 |"]


def test_all_of_a_seed_come_before_the_next(tmp_path, monkeypatch):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    algorithms.Run(seeds=(0, 1), out=tmp_path)()
    seeds = [run.arguments.rpartition(" ")[2] for run in told]
    assert seeds == ["0"] * 10 + ["1"] * 10
    assert {run.kept.parent.name for run in told} == {"lift", "box-close"}
    assert len({run.kept for run in told}) == 20


def test_the_committed_table_is_what_the_committed_runs_say():
    committed = (algorithms.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == algorithms.tables()


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        algorithms.COMMAND.parse(["run", "Lfit"])
