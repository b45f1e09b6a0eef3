"""What is taken of an episode, what is left out, and why."""

import numpy as np
import pytest

from policies.demonstrations.formats.source import Entry, hint, unfit


def entry(shape, dtype="f8"):
    return Entry(shape, np.dtype(dtype), lambda: np.ones(shape, dtype))


@pytest.mark.parametrize(
    ("key", "shape", "dtype", "reason"),
    [
        ("pose", (5, 4, 4), "f8", "4 x 4 values; name it to take them in a row"),
        ("poses", (5, 2, 7, 7), "f8", "2 x 7 x 7 values"),
        ("top", (5, 8, 6, 3), "u1", "an image, 8 x 6 x 3"),
        ("depth", (5, 8, 6, 1), "f4", "an image, 8 x 6 x 1"),
        ("grey", (5, 8, 6), "u1", "8 x 6 values"),
        ("name", (5,), "S8", "no numbers but"),
        ("spin", (5, 2), "c8", "no numbers but complex64"),
        ("nothing", (5, 0), "f8", "no values"),
        ("seed", (), "i8", "one number for the whole episode"),
        ("obs/timestamp", (5,), "f8", "a clock"),
        ("time", (5, 1), "f8", "a clock"),
    ],
)
def test_what_is_left_out_is_given_a_reason(key, shape, dtype, reason):
    assert reason in unfit(key, entry(shape, dtype))


def test_a_hint_is_given_only_where_something_is_near():
    assert hint("trian", ["train", "valid"]) == " Did you mean 'train'?"
    assert hint("xyz", ["train"]) == ""
