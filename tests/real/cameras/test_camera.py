"""What is a picture, and what is wrong with a row of them."""

from __future__ import annotations

import numpy as np
import pytest

from real.cameras.camera import CameraError, PictureWatch, check_picture

NOISE = np.random.default_rng(0).integers(0, 255, (5, 8, 8, 3), dtype=np.uint8)


def test_a_picture_is_returned_as_it_is():
    picture = NOISE[0]
    assert check_picture("front", picture) is picture
    assert check_picture("front", picture, (8, 8)) is picture


def test_another_size_than_is_observed_is_named():
    with pytest.raises(CameraError, match=r"front .*\(4, 4, 3\), uint8. Got: \(8, 8, 3\)"):
        check_picture("front", NOISE[0], (4, 4))


def test_an_empty_picture_is_none():
    with pytest.raises(CameraError, match=r"Got: \(0, 8, 3\)"):
        check_picture("front", NOISE[0][:0])


def test_black_and_equal_pictures_are_counted_in_a_row():
    watch = PictureWatch("front")
    grey = np.full((8, 8, 3), 90, np.uint8)
    assert [watch.see(picture) for picture in (NOISE[0], grey, grey)] == [True, False, False]
    assert (watch.black, watch.same) == (2, 0)
    assert watch.see(NOISE[1])
    assert watch.see(NOISE[1])
    assert (watch.black, watch.same) == (0, 1)


def test_it_is_frozen_after_so_many_and_rest_forgives_it():
    watch = PictureWatch("front")
    for _ in range(4):
        watch.see(NOISE[0])
    assert watch.fault(4) is None
    told = watch.fault(3)
    assert told == "the camera front must not be frozen; got the same picture 4 times in a row"
    watch.rest()
    assert watch.fault(3) is None
