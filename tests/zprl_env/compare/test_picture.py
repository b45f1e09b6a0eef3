"""Curves over environment steps, with bands over seeds."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest

from policies.checkpoints.output import package_version
from tests.helpers.finished_runs import write_run
from zprl_env.compare.finished import find_finished
from zprl_env.compare.groups import group
from zprl_env.compare.picture import curve, draw


def test_a_band_goes_from_the_lowest_to_the_highest_seed(tmp_path):
    write_run(tmp_path / "0", seed=0, curve=[(0, 0), (1, 1)])
    write_run(tmp_path / "1", seed=1, curve=[(0, 1), (0, 0)])
    (one,) = group(find_finished([tmp_path])[0])
    found = curve(one)
    assert found is not None
    np.testing.assert_array_equal(found.steps, [0, 50])
    np.testing.assert_array_equal(found.mean, [0.25, 0.5])
    np.testing.assert_array_equal(found.low, [0, 0])
    np.testing.assert_array_equal(found.high, [0.5, 1])


def test_a_curve_ends_where_the_shortest_seed_does(tmp_path):
    write_run(tmp_path / "0", seed=0, curve=[(0,)] * 4)
    write_run(tmp_path / "1", seed=1, curve=[(1,)] * 2)
    (one,) = group(find_finished([tmp_path])[0])
    found = curve(one)
    assert found is not None
    np.testing.assert_array_equal(found.steps, [0, 50])


def test_a_single_seed_s_band_is_its_interval(tmp_path):
    write_run(tmp_path / "0", curve=[(0, 1)])
    found = curve(group(find_finished([tmp_path])[0])[0])
    assert found is not None
    assert found.low[0] < 0.5 < found.high[0]


def test_a_run_that_was_never_evaluated_has_none(tmp_path):
    write_run(tmp_path / "0", curve=[])
    groups = group(find_finished([tmp_path])[0])
    assert curve(groups[0]) is None
    draw(tmp_path / "empty.png", groups)
    assert (tmp_path / "empty.png").exists()


@pytest.mark.parametrize("tasks", [1, 2, 4])
def test_the_picture_has_a_panel_for_each_task(tasks, tmp_path):
    for name in ("Lift", "Can", "Square", "Stack")[:tasks]:
        write_run(tmp_path / name, env=name)
    draw(tmp_path / "curves.png", group(find_finished([tmp_path])[0]))
    picture = iio.imread(tmp_path / "curves.png")
    assert picture.shape[1] > picture.shape[0]
    said = iio.immeta(tmp_path / "curves.png")["Software"]
    assert said == f"zprl-env {package_version()}"
    assert picture.std() > 0
    assert not [*tmp_path.glob("*.partial*")]
