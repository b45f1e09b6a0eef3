"""The base policy's episodes are played once in a run, and never again."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from zprl_env.testing import LinearPolicy
from zprl_env.training.comparison import BASE, Comparison
from zprl_env.training.run.base_results import BaseResults
from zprl_env.training.settings.recipe import Recipe

RECIPE = replace(Recipe(), observation="features", noise="zero")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def play(point_task, tmp_path, said):
    """Play bases with what a run has kept; the policy loses its weights if it is not to play."""

    def played(seeds, weights="a", silent=False):
        kept = BaseResults(tmp_path, weights, said.append)
        policy = LinearPolicy(3, 2)
        with closing(Comparison(point_task, policy, "latent", RECIPE)) as comparison:
            comparison.play_bases(seeds, kept)
        return {name: r.to_dict() for name, r in comparison.results.items()}, kept.played

    return played


def test_a_result_is_kept_as_soon_as_it_is_known(play, tmp_path):
    results, played = play(range(3))
    assert played
    content = json.loads((tmp_path / "base.json").read_text())
    assert [*content["results"]] == [BASE, f"{BASE}, noise zero"]
    assert content["zprl_env_version"]
    again, played = play(range(3))
    assert (again, played) == (results, False)


def test_what_a_version_before_has_played_by_another_name_is_not_played_again(play, tmp_path):
    results, _ = play(range(3))
    content = json.loads((tmp_path / "base.json").read_text())
    content["results"][f"{BASE}, noise 0"] = content["results"].pop(f"{BASE}, noise zero")
    (tmp_path / "base.json").write_text(json.dumps(content))
    assert play(range(3)) == (results, False)


def test_more_episodes_play_only_those_that_are_missing(play, tmp_path, point_task):
    play(range(2))
    more, played = play(range(4))
    assert played
    comparison = Comparison(point_task, LinearPolicy(3, 2), "latent", RECIPE)
    comparison.play_bases(range(4))
    assert more == {name: r.to_dict() for name, r in comparison.results.items()}
    fewer, played = play([3, 0])
    assert not played
    np.testing.assert_array_equal(fewer[BASE]["seeds"], [3, 0])
    comparison.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content | {"versions": {**content["versions"], "mujoco": "0.1"}},
        lambda content: content | {"policy_sha256": "b"},
        lambda content: content | {"results": 3},
        lambda content: content | {"results": {BASE: {"seeds": "0"}}},
        lambda content: [],
    ],
    ids=["another simulator", "other weights", "no results", "words for numbers", "a list"],
)
def test_what_does_not_count_is_played_again_and_said(change, play, tmp_path, said):
    results, _ = play(range(2))
    file = tmp_path / "base.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    again, played = play(range(2))
    assert played
    assert again == results
    (line,) = said
    assert "plays again" in line
