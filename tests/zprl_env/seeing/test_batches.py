"""Batches of flat states and of states with pictures."""

import numpy as np
import pytest

from zprl_env.errors import SimulationError
from zprl_env.seeing import batches


@pytest.fixture
def seen():
    frames = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    return {"state": np.ones((2, 3)), "front": frames}


def test_one_observation_is_a_row_of_a_batch(seen):
    alone = batches.single({name: part[1] for name, part in seen.items()})
    assert batches.length(alone) == 1
    assert batches.equal(alone, batches.rows(seen, [1]))


def test_several_are_stacked_as_they_are(seen):
    each = [{name: part[row] for name, part in seen.items()} for row in range(2)]
    assert batches.equal(batches.stacked(each), seen)
    assert not batches.equal(batches.stacked(each[::-1]), seen)
    assert not batches.equal(seen, np.ones((2, 3)))


def test_rows_and_copies_share_no_memory(seen):
    for copy in (batches.rows(seen, slice(None)), batches.copied(seen)):
        copy["front"][:] = 0
    assert seen["front"].any()


def test_numbers_become_float32_and_pictures_stay_bytes(seen):
    checked = batches.checked(seen)
    assert checked["state"].dtype == np.float32
    assert checked["front"] is seen["front"]
    assert np.asarray(batches.checked(np.ones((2, 3)))).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_found_by_name(seen, bad):
    seen["state"][1, 2] = bad
    with pytest.raises(SimulationError, match=r"at state at \(row, index\) \[\[1, 2\]\]"):
        batches.checked(seen)
