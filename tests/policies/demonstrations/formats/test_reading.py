"""An episode's arrays are read as a trajectory, or refused by name."""

import numpy as np
import pytest

from policies.demonstrations.formats.reading import read_trajectory
from policies.demonstrations.formats.source import Entry, StoredEpisode, unfit
from policies.errors import DemonstrationError


def entry(shape, dtype="f8"):
    return Entry(shape, np.dtype(dtype), lambda: np.ones(shape, dtype))


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 1, 1)])
def test_one_number_a_step_is_a_vector_of_one(shape):
    assert unfit("width", entry(shape)) == ""
    episode = StoredEpisode("demo_0", {"width": entry(shape)}, {"actions": entry(shape)})
    read = read_trajectory(episode, ["width"])
    assert read.observations["width"].shape == read.actions.shape == (5, 1)


@pytest.mark.parametrize("shape", [(5, 4), (5, 1, 4), (5, 4, 1), (5, 1, 1, 4)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "?"])
def test_what_has_one_long_side_is_a_vector(shape, dtype):
    assert unfit("pos", entry(shape, dtype)) == ""
    episode = StoredEpisode("demo_0", {"pos": entry(shape, dtype)}, {"actions": entry((5, 2))})
    values = read_trajectory(episode, ["pos"]).observations["pos"]
    assert (values.shape, values.dtype) == ((5, 4), np.float32)


def test_a_matrix_that_is_named_is_taken_in_a_row():
    episode = StoredEpisode("demo_0", {"pose": entry((5, 4, 4))}, {"actions": entry((5, 2))})
    assert read_trajectory(episode, ["pose"]).observations["pose"].shape == (5, 16)


def test_a_misspelt_key_is_answered_with_the_nearest():
    episode = StoredEpisode("demo_0", {"robot0_eef_pos": entry((5, 3))}, {"actions": entry((5, 2))})
    with pytest.raises(DemonstrationError, match=r"Did you mean 'robot0_eef_pos'\?"):
        read_trajectory(episode, ["robot0_eff_pos"])


def test_numbers_too_large_for_float32_are_not_finite():
    huge = Entry((5, 1), np.dtype("f8"), lambda: np.full((5, 1), 1e300))
    with pytest.raises(DemonstrationError, match="demo_0: x must be finite"):
        read_trajectory(StoredEpisode("demo_0", {"x": huge}, {"actions": entry((5, 1))}), ["x"])
