"""Errors say what must be, what was got, and what to try."""

import pytest

from zprl_env import errors
from zprl_env.errors import LISTED, UnknownNameError, ZprlError


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_of_ours_is_caught_by_one_root(name):
    assert issubclass(getattr(errors, name), UserWarning if "Warning" in name else ZprlError)


def test_a_name_is_found_whatever_its_case_and_the_known_are_listed():
    error = UnknownNameError("task", "LIFT ", ["Can", "Lift"])
    assert str(error) == "unknown task 'LIFT '; did you mean 'Lift'? Known: 'Can', 'Lift'"


def test_nothing_is_suggested_that_is_nothing_like_it():
    assert "did you mean" not in str(UnknownNameError("task", "xyz", ["Lift", "Can"]))


def test_of_many_names_the_nearest_are_listed_and_the_others_counted():
    names = [f"task-{number:03d}" for number in range(100)]
    text = str(UnknownNameError("task", "task-042x", names))
    assert text.count("'task-") == LISTED + 2  # the name itself and the suggestion
    assert "did you mean 'task-042'?" in text
    assert text.endswith(f" and {100 - LISTED} more")
