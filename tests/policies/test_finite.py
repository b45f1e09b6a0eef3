"""Finiteness is what numpy says it is, also where the quick way overflows."""

import numpy as np
import pytest

from policies.finite import all_finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (1, 2)])
def test_one_bad_number_anywhere_is_found(bad, place):
    array = np.ones((2, 3), np.float32)
    assert all_finite(array)
    array[place] = bad
    assert not all_finite(array)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_whose_squares_overflow_are_finite(dtype):
    largest = np.full(4, np.finfo(dtype).max, dtype)
    with np.errstate(over="ignore"):
        assert all_finite(largest)
        largest[2] = np.nan
        assert not all_finite(largest)


def test_nothing_is_finite():
    assert all_finite(np.zeros((0, 3)))


def test_a_view_that_is_not_contiguous_is_read_as_it_is():
    array = np.ones((4, 4))
    array[:, 1] = np.nan
    assert all_finite(array[:, ::2])
    assert not all_finite(array[:, 1::2])
