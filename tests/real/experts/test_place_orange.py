"""The expert for place-orange puts the orange on the plate, and gives up where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from real.experts.place_orange import LOWERED, RAISED, PlaceOrangeExpert
from zprl_env.errors import ZprlError
from zprl_env.experts import Quality


def seen(episode, key):
    return episode.trajectory.observations[key].astype(np.float64)


def test_without_fault_it_succeeds(perform):
    episode = perform("Real")
    assert episode.success
    actions = episode.trajectory.actions
    assert np.isfinite(actions).all()
    assert (np.abs(actions) <= 1.0).all()


def test_the_orange_is_carried_above_the_plate_and_lowered_before_it_is_let_go_of(perform):
    episode = perform("Real")
    hand, orange, plate = (
        seen(episode, key) for key in ("position", "orange_position", "plate_position")
    )
    beside = np.linalg.norm(orange[:, :2] - plate[:, :2], axis=1)
    carried = orange[:, 2] > 0.06
    assert carried.sum() > 20
    near = np.linalg.norm(orange - hand, axis=1) < 0.05
    assert near[carried].all()
    assert hand[carried, 2].max() == pytest.approx(RAISED, abs=0.05)
    closed = np.flatnonzero(episode.trajectory.actions[:, -1] < 0.0)
    assert hand[closed[-1], 2] < RAISED
    assert hand[closed[-1], 2] == pytest.approx(LOWERED, abs=0.02)
    assert beside[-1] < 0.03


def test_a_performance_is_the_same_twice(perform):
    first, second = (perform("Real", seed=3, quality=None) for _ in range(2))
    np.testing.assert_array_equal(first.trajectory.actions, second.trajectory.actions)


def test_whoever_aims_far_beside_the_orange_gives_up(perform):
    blind = Quality(grasp_offset=(0.06, 0.0, 0.0), correction=0.0, attempts=1)
    episode = perform("Real", quality=blind)
    assert not episode.success
    assert len(episode.trajectory.actions) < 450


def test_orientations_stay_on_homes_side_of_the_sphere(perform):
    episode = perform("Real", quality=Quality(alignment=0.2))
    quaternions = episode.trajectory.actions[:, 3:7]
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0, atol=1e-5)
    assert (quaternions[:, 1] > 0.9).all()
    assert np.abs(np.diff(quaternions, axis=0)).max() < 0.3


def test_nobody_acts_before_reset():
    with pytest.raises(ZprlError, match=r"PlaceOrangeExpert\.act must come after .*Call reset"):
        PlaceOrangeExpert().act({})


def test_it_takes_its_presets_name():
    assert PlaceOrangeExpert().task == "place-orange"
