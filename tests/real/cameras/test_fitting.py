"""A camera's picture becomes what is observed."""

from __future__ import annotations

import numpy as np
import pytest

from real.cameras.fitting import Fitting, side_by_side
from zprl_env.errors import ConfigurationError

QUARTERS = np.zeros((40, 60, 3), np.uint8)
QUARTERS[:20, :30] = (255, 0, 0)
QUARTERS[20:, 30:] = (0, 0, 255)


def test_colours_and_corners_stay_where_they_are():
    seen = Fitting((20, 30))(QUARTERS)
    assert (seen.shape, seen.dtype) == ((20, 30, 3), np.uint8)
    assert seen[0, 0].tolist() == [255, 0, 0]
    assert seen[-1, -1].tolist() == [0, 0, 255]


def test_the_middle_is_kept_where_shapes_differ():
    marked = np.zeros((40, 60, 3), np.uint8)
    marked[:, :10], marked[:, 50:] = 255, 255
    assert Fitting((20, 20))(marked).max() == 0
    assert Fitting((40, 40))(marked).shape == (40, 40, 3)


def test_areas_are_averaged():
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    assert set(np.unique(Fitting((10, 10))(stripes))) == {100}


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1))])
def test_a_camera_that_hangs_is_turned_clockwise(turn, corner):
    marked = np.zeros((10, 10, 3), np.uint8)
    marked[0, 0] = 255
    assert Fitting(None, None, turn)(marked)[corner].tolist() == [255, 255, 255]


def test_a_crop_is_top_left_height_width():
    assert Fitting(None, (20, 30, 20, 30))(QUARTERS)[0, 0].tolist() == [0, 0, 255]
    with pytest.raises(ConfigurationError, match=r"must lie within the camera's 40 x 60 pixels"):
        Fitting(None, (30, 0, 20, 20))(QUARTERS)


def test_a_size_as_it_is_changes_nothing():
    np.testing.assert_array_equal(Fitting((40, 60))(QUARTERS), QUARTERS)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"crop": (1, 2, 3)}, "top, left, height and width"),
        ({"crop": (0, 0, 0, 5)}, "top, left, height and width"),
        ({"turn": 45}, "one of (0, 90, 180, 270)"),
    ],
)
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ConfigurationError) as caught:
        Fitting((8, 8), **settings)
    assert told in str(caught.value)


def test_pictures_of_different_heights_stand_side_by_side_on_black():
    shown = side_by_side([np.full((4, 2, 3), 9, np.uint8), np.full((2, 3, 3), 9, np.uint8)])
    assert shown.shape == (4, 5, 3)
    assert (shown[2:, 2:].max(), shown[:, :2].min()) == (0, 9)
