"""Runs that differ in their seed alone are one group; groups are compared on what both have."""

from __future__ import annotations

import pytest

from tests.helpers.finished_runs import write_run
from zprl_env.compare.finished import find_finished
from zprl_env.compare.groups import compare, group

WON, LOST = (1,) * 8, (0,) * 8


@pytest.fixture
def groups(tmp_path):
    """Write runs and put them into groups."""

    def made(*runs):
        for number, settings in enumerate(runs):
            write_run(tmp_path / f"{number:02d}", **settings)
        return group(find_finished([tmp_path])[0])

    return made


def test_seeds_are_put_together(groups):
    (one,) = groups({"seed": 1}, {"seed": 0, "steered": LOST}, {"seed": 2})
    assert (one.label, one.seeds) == ("sac", [0, 1, 2])
    assert one.rates == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("other", "label"),
    [
        ({"env": "Can"}, "sac"),
        ({"algo": "ppo"}, "ppo"),
        ({"steer": "noise"}, "sac noise"),
        ({"scale": 0.5}, "sac scale=0.5"),
        ({"total_env_steps": 200}, "sac total_env_steps=200"),
    ],
)
def test_other_experiments_are_told_apart_by_what_differs(groups, other, label):
    found = groups({"seed": 0}, {"seed": 1}, {"seed": 0, **other})
    assert [one.label for one in found] == ["sac", label]
    assert [one.letter for one in found] == ["A", "B"]
    assert found[0].seeds == [0, 1]


def test_a_setting_that_a_version_did_not_have_tells_nothing_apart(groups):
    (one,) = groups({"seed": 0}, {"seed": 1, "invented_later": 5})
    assert one.seeds == [0, 1]


def test_every_group_is_compared_with_its_base_and_with_the_first(groups):
    pairs = compare(groups({"steered": LOST}, {"scale": 1.0}))
    assert [(pair.second, pair.first) for pair in pairs] == [
        ("A", "its base"),
        ("B", "its base"),
        ("B", "A"),
    ]
    assert pairs[2].difference is not None
    assert (pairs[2].difference.gained, pairs[2].difference.lost) == (8, 0)
    assert pairs[2].sentence() == (
        "B against A: Better: 8 of 8 episodes gained, none lost (+100 points, p = 0.0078)."
    )
    assert pairs[0].sentence().startswith("A against its base: No difference that 8 episodes can")


def test_an_episode_that_several_seeds_have_played_is_counted_once(groups):
    first = [{"seed": seed, "steered": LOST} for seed in range(3)]
    second = [{"seed": seed, "scale": 1.0} for seed in range(3)]
    *_, pair = compare(groups(*first, *second))
    assert (pair.seeds, pair.episodes) == ([0, 1, 2], 8)
    assert pair.difference is not None
    assert pair.difference.gained == 8  # and not 24
    assert pair.difference.difference == 1.0


def test_only_seeds_and_episodes_that_both_have_are_paired(groups):
    shared = {"seed": 0, "scale": 1.0, "first": 104}  # four of the eight test episodes
    *_, pair = compare(groups({"seed": 0}, {"seed": 1}, shared))
    assert (pair.seeds, pair.episodes) == ([0], 4)


@pytest.mark.parametrize("other", [{"seed": 7}, {"first": 900}])
def test_where_nothing_is_shared_nothing_is_claimed(groups, other):
    *_, pair = compare(groups({"seed": 0}, {"seed": 0, "scale": 1.0} | other))
    assert pair.difference is None
    assert pair.sentence() == "B and A share no seed: not paired."
