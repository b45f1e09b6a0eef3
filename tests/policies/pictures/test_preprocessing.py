import numpy as np
import pytest
import torch

from policies.errors import ConfigurationError
from policies.pictures.config import EyesConfig
from policies.pictures.preprocessing import Preprocessing, SmallCropWarning

PREPARE = Preprocessing((40, 44), (36, 38))


def test_the_centre_is_kept_and_bytes_become_minus_one_to_one():
    frames = np.zeros((1, 40, 44, 3), np.uint8)
    frames[0, 2:38, 3:41] = 255
    assert (PREPARE(frames) == 1.0).all()
    frames[0, 2, 3, 0] = 0  # red of the upper left corner of what is kept
    prepared = PREPARE(frames)
    assert prepared.shape == (1, 3, 36, 38)
    assert prepared[0, :, 0, 0].tolist() == [-1.0, 1.0, 1.0]


def test_what_is_cropped_already_stays_and_another_size_is_refused():
    cropped = torch.zeros(2, 36, 38, 3, dtype=torch.uint8)
    assert PREPARE.crop(cropped) is cropped
    with pytest.raises(ConfigurationError, match=r"must have \(40, 44\) pixels. Got: \(44, 40\)"):
        PREPARE.crop(torch.zeros(2, 44, 40, 3))


def test_random_crops_are_pieces_at_all_places_and_follow_from_the_generator():
    rows, columns = np.mgrid[:40, :44].astype(np.uint8)
    frame = np.stack([rows, columns, 0 * rows], axis=-1)
    crops = PREPARE.random_crops([frame] * 300, np.random.default_rng(0))
    corners = {tuple(crop[0, 0, :2]) for crop in crops}
    assert corners == {(i, j) for i in range(5) for j in range(7)}
    for crop in crops[:20]:
        top, left = crop[0, 0, :2]
        assert np.array_equal(crop, frame[top : top + 36, left : left + 38])
    again = PREPARE.random_crops([frame] * 300, np.random.default_rng(0))
    assert np.array_equal(crops, again)


def test_a_crop_that_keeps_less_than_half_is_warned_of():
    with pytest.warns(SmallCropWarning, match="at least 50% of a frame. Got 18%"):
        Preprocessing((84, 84), (36, 36)).warn()
    PREPARE.warn()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_size": (41, 36)}, r"crop_size must be within the frame, \(40, 44\)"),
        ({"crop_size": (0, 36)}, "crop_size must be height and width"),
        ({"mean": (0.5,)}, "mean must be a number for red, green and blue"),
        ({"std": (0.5, 0.5, 0.0)}, "std must be above 0"),
    ],
)
def test_impossible_crops_and_scales_are_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        Preprocessing(**{"image_size": (40, 44), "crop_size": (36, 36), **changes})


def test_the_published_crop_is_the_default():
    assert EyesConfig.of(("front",), (84, 84), "small").crop_size == (76, 76)
    assert EyesConfig.of(("front",), (84, 84), "resnet18", 80).crop_size == (80, 80)
