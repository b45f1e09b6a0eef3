"""Success is one thing, whatever an environment calls it."""

from __future__ import annotations

import pytest

from policies.success import SUCCESS, reported, success_names


@pytest.mark.parametrize("name", SUCCESS)
def test_every_name_counts_and_the_first_comes_first(name):
    assert reported({"other": True, name: False}) is False
    assert reported({name: False, SUCCESS[0]: True}) is True
    assert reported({f"infos/{name}": 1.0}, ["infos/"]) == 1.0
    assert f"next.{name}" in success_names(["next.", ""])
