"""The benchmark of gradient steps measures agents that really learn."""

from __future__ import annotations

import json
import os

import pytest
import torch

from benchmarks import learner
from benchmarks.learner import Run
from zprl_env.errors import ZprlError


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_every_variant_is_measured_and_kept(tmp_path, capsys):
    Run(5, 2, repeats=2, updates=1, compiled=False, cores=2, out=tmp_path)()
    content = json.loads((tmp_path / "learner.json").read_text())
    names = [name for name in content["results"] if not name.startswith("SBX")]
    assert len(names) == 6
    assert all(row["microseconds"] > 0 for row in content["results"].values())
    assert content["machine"]["torch"]
    assert "us per gradient step" in capsys.readouterr().out


def test_the_steps_change_the_networks():
    env = learner.DummyVecEnv([lambda: learner.Nowhere(5, 2)])
    batch, _, make = next(iter(learner.variants(env, compiled=False).values()))
    model = learner.fill(make())
    before = [p.clone() for p in model.policy.parameters()]
    model.train(gradient_steps=1, batch_size=batch)
    assert any(
        not torch.equal(a, b) for a, b in zip(before, model.policy.parameters(), strict=True)
    )


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system cannot")
def test_all_of_them_have_the_cores_that_they_are_given():
    before = os.sched_getaffinity(0)
    with learner.on_cores(1):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
    env = learner.DummyVecEnv([lambda: learner.Nowhere(5, 2)])
    assert not any("threads" in name for name in learner.variants(env, compiled=False))


def test_counts_are_positive():
    with pytest.raises(ZprlError, match=r"repeats must be at least 1\. Got: 0"):
        Run(repeats=0)


def test_the_committed_table_is_what_was_measured():
    committed = (learner.RESULTS / "learner.md").read_text(encoding="utf-8")
    assert committed == learner.table()
