"""Every variant is a command line that train_sb3.py takes."""

from __future__ import annotations

import pytest

from benchmarks.matrix.cell import Cell
from benchmarks.matrix.studies import STUDIES
from benchmarks.matrix.variants import CONTROL, VARIANTS
from zprl_env.training.config import parse


@pytest.mark.parametrize("name", VARIANTS)
def test_it_changes_something_and_can_be_typed(name):
    control = parse(Cell("ideas", "hammer", CONTROL, 10).arguments.split())
    config = parse(Cell("ideas", "hammer", name, 10).arguments.split())
    assert VARIANTS[name].idea
    assert (config == control) == (name == CONTROL)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_s_cells_can_be_typed(name):
    study = STUDIES[name]
    for task in study.tasks:
        for variant in study.variants:
            assert parse(Cell(name, task, variant, study.seeds[0]).arguments.split()).env == task


def test_interfaces_are_tuned_by_the_same_number_of_runs():
    names = STUDIES["tuning"].variants
    counts = {kind: sum(name.startswith(kind) for name in names) for kind in ("dsrl", "decorator")}
    assert counts == {"dsrl": 4, "decorator": 4}
    assert len(names) == 12


def test_no_study_trains_on_a_seed_twice():
    for study in STUDIES.values():
        assert len(set(study.seeds)) == len(study.seeds)
