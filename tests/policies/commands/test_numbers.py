"""Whole numbers are read as people type them."""

from __future__ import annotations

import pytest

from policies.commands.numbers import whole


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0", 0),
        ("100000", 100_000),
        ("100_000", 100_000),
        ("1e5", 100_000),
        ("1E5", 100_000),
        ("1.0e5", 100_000),
        ("2.5e3", 2500),
        ("100k", 100_000),
        ("0.1M", 100_000),
        ("+7", 7),
        ("-3", -3),
        ("20000.0", 20_000),
        ("123456789012345678", 123_456_789_012_345_678),  # more than a float holds
    ],
)
def test_every_spelling_of_a_whole_number_is_one(typed, number):
    assert whole(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "k", "1.5", "1e-5", "abc", "1e5x", "nan", "inf", "-inf", "1e999999999", "1,5"]
)
def test_anything_else_is_refused_at_once_with_examples(typed):
    with pytest.raises(ValueError, match="must be a whole number, such as 100000, 100_000, 1e5"):
        whole(typed)
