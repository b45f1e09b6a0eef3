"""The ablation of the bottleneck compares what it says it compares."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import bottleneck
from benchmarks.bottleneck import VARIANTS, DirectPolicy, latent_statistics, measure, variants
from benchmarks.tables.bottleneck import table
from policies.checkpoints import model as checkpoint
from policies.demonstrations import Demonstrations, Trajectory
from policies.frozen import FrozenPolicy
from tests.helpers import tiny
from zprl_env import SteerablePolicy
from zprl_env.errors import UnknownNameError

TINY = replace(tiny.TINY, latent_dim=3, steps=3)


@pytest.fixture(scope="module")
def demonstrations():
    """Somebody moves the point task's point about."""
    rng = np.random.default_rng(0)
    ends = np.array([False] * 4 + [True])
    episodes = [
        Trajectory(
            {"state": rng.normal(size=(5, 3)).astype(np.float32)},
            rng.uniform(-1.0, 1.0, (5, 2)).astype(np.float32),
            ends.astype(np.float32),
            ends,
        )
        for _ in range(8)
    ]
    return Demonstrations(tuple(episodes), {"env_name": "Point"}, ("state",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("variants")


@pytest.fixture(scope="module")
def made(demonstrations, folder):
    return {one.name: one for one in variants(TINY, demonstrations, folder, progress=False)}


def test_every_variant_is_made(made):
    assert list(made) == list(VARIANTS)


def test_variants_share_encoder_and_head_unless_gradients_reach_them(made, folder):
    observations = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
    features = {name: one.played.encode(observations).features for name, one in made.items()}
    for name in ("fitted", "fitted-heavy"):
        np.testing.assert_array_equal(features[name], features["joint"])
    by_torch = FrozenPolicy.load(folder / "joint", "torch").encode(observations)
    np.testing.assert_array_equal(features["direct"], by_torch.features)  # acts by torch
    assert (features["naive"] != features["joint"]).any()
    assert (features["naive-heavy"] != features["naive"]).any()


def test_the_naive_kl_is_a_sum_over_dimensions(made):
    settings = {name: one.policy.metadata["training"] for name, one in made.items()}
    assert settings["naive"]["beta"] == settings["joint"]["beta"] == 2e-4
    assert settings["naive-heavy"]["beta"] == settings["fitted-heavy"]["beta"] == 3e-3
    assert not settings["naive-heavy"]["stop_gradients"]
    assert settings["joint"]["stop_gradients"]


def test_the_direct_policy_acts_from_its_embedding(made, folder):
    direct = made["direct"].played
    assert isinstance(direct, DirectPolicy)
    assert isinstance(direct, SteerablePolicy)
    observations = np.ones((2, 3), np.float32)
    noise = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)
    encoding = direct.encode(observations)
    assert not encoding.std.any()
    model = checkpoint.load(folder / "joint").model
    with torch.inference_mode():
        features, _ = model.encode(torch.from_numpy(observations))
        expected = model.generate(features, torch.from_numpy(noise)).numpy()
    np.testing.assert_array_equal(direct.decode(encoding.mean, noise), expected)
    assert (expected != made["joint"].played.decode(np.zeros((2, 3), np.float32), noise)).any()


def test_the_kl_of_the_statistics_is_the_losses(made, demonstrations):
    policy = made["joint"].policy
    statistics = latent_statistics(policy, demonstrations)
    latent = policy.metadata["latent"]
    assert statistics["rms"] == pytest.approx(np.sqrt(np.mean(np.square(latent["rms"]))), rel=1e-3)
    assert statistics["posterior_std"] == pytest.approx(np.mean(latent["posterior_std"]), rel=1e-3)
    assert statistics["used_dims"] == sum(kl > 0.1 for kl in statistics["kl"])


def test_what_was_measured_makes_a_table(made, demonstrations, point_task):
    results = {
        name: measure(one, point_task, demonstrations, episodes=2) for name, one in made.items()
    }
    run = json.loads(json.dumps({"task": point_task, "seed": 0, "variants": results}))
    head, rule, *rows = table({point_task: [run, run]}, VARIANTS).split("\n\n")[0].splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {17}
    cells = {row.split(" | ")[1]: [cell.strip(" |") for cell in row.split("|")][1:] for row in rows}
    assert list(cells) == list(VARIANTS)
    rate = results["joint"]["success"]["1"]["success_rate"]
    assert cells["joint"][2] == f"{rate:.3f} ({rate:.2f}, {rate:.2f})"
    # What there is none of is left empty, and FM(c) is that of the policy fitted onto.
    assert cells["direct"][4:6] == ["", ""]
    assert cells["direct"][8:12] == ["", "", "", ""]
    assert cells["fitted"][12] == cells["direct"][12] != ""


def test_a_run_is_done_when_its_file_holds_every_variant(tmp_path):
    file = tmp_path / "Lift-0.json"
    assert not bottleneck.done(file)
    file.write_text(json.dumps({"variants": {"direct": {}}}))
    assert not bottleneck.done(file)
    assert bottleneck.load(tmp_path) == {}
    file.write_text(json.dumps({"variants": {name: {} for name in VARIANTS}}))
    assert bottleneck.done(file)
    assert list(bottleneck.load(tmp_path)) == ["Lift"]


def test_runs_that_are_done_are_left_alone(tmp_path, monkeypatch, capsys):
    told: list[str] = []
    monkeypatch.setattr(bottleneck, "run", lambda name, out: told.append(name))
    content: dict[str, Any] = {"variants": {name: {} for name in VARIANTS}}
    (tmp_path / "Lift-0.json").write_text(json.dumps(content))
    bottleneck.Run(("Lift-0", "Lift-1"), out=tmp_path)()
    assert told == ["Lift-1"]
    assert "Lift-0: kept already, left alone" in capsys.readouterr().out


def test_the_committed_table_is_what_the_committed_runs_say():
    committed = (bottleneck.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == table(bottleneck.load(), VARIANTS)


def test_unknown_runs_are_refused():
    with pytest.raises(UnknownNameError, match="unknown run 'Lift-9'"):
        bottleneck.COMMAND.parse(["run", "Lift-9"])
