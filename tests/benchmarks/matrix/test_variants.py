"""Every variant is a command line that train_sb3.py takes."""

from __future__ import annotations

import shlex

import pytest

from benchmarks.matrix.cell import Cell
from benchmarks.matrix.studies import STUDIES
from benchmarks.matrix.variants import (
    ABLATIONS,
    CONTROL,
    DEPLOYMENT,
    IDEAS,
    RIVALS,
    SIGHT,
    VARIANTS,
)
from zprl_env.cli import settings
from zprl_env.errors import UnknownNameError
from zprl_env.training.command_line import parse


@pytest.mark.parametrize("name", VARIANTS)
def test_it_changes_something_and_can_be_typed(name):
    task = "Lift" if name in DEPLOYMENT else "hammer"  # whose demonstrations it can differ from
    control = parse(shlex.split(Cell("ideas", task, CONTROL, 10).arguments))
    config = parse(shlex.split(Cell("ideas", task, name, 10).arguments))
    assert VARIANTS[name].idea
    assert (config == control) == (name == CONTROL)


def test_a_condition_is_a_setting_of_the_environment():
    config = parse(shlex.split(Cell("mismatch", "box-close", "far", 0).arguments))
    assert settings(config.env_kwargs) == {"mismatch": {"start_region": 2}}
    with pytest.raises(UnknownNameError, match="unknown task with conditions 'hammer'"):
        Cell("ideas", "hammer", "far", 0).arguments  # noqa: B018


def test_ablations_differ_in_lambda_where_they_say_so_and_never_in_noise():
    for name in ABLATIONS:
        recipe = parse(shlex.split(Cell("ablations", "Lift", name, 0).arguments)).recipe
        assert recipe.noise == "zero"
        assert recipe.scale == (float(name[6:]) if name.startswith("scale-") else 2.0)


def test_no_two_tables_share_a_name():
    tables = (IDEAS, RIVALS, SIGHT, DEPLOYMENT, ABLATIONS)
    assert sum(map(len, tables)) == len(VARIANTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_s_cells_can_be_typed(name):
    study = STUDIES[name]
    for task in study.tasks:
        for variant in study.variants:
            words = shlex.split(Cell(name, task, variant, study.seeds[0]).arguments)
            assert parse(words).env == task


def test_interfaces_are_tuned_by_the_same_number_of_runs():
    names = STUDIES["tuning"].variants
    counts = {kind: sum(name.startswith(kind) for name in names) for kind in ("dsrl", "decorator")}
    assert counts == {"dsrl": 4, "decorator": 4}
    assert len(names) == 12


def test_no_study_trains_on_a_seed_twice():
    for study in STUDIES.values():
        assert len(set(study.seeds)) == len(study.seeds)
