"""A mistyped name is answered with the one that was meant."""

from __future__ import annotations

import pytest

from policies.commands.suggestions import did_you_mean, nearest

KNOWN = ["Lift", "Can", "PickPlace", "Door", "door", "door-open", "Real-flip-egg"]
ALIASES = {"PickPlaceCan": "Can", "flip-egg": "Real-flip-egg"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lfit", "Lift"),
        ("LIFT", "Lift"),
        ("PickPlaceCan", "Can"),  # not PickPlace, which is nearer as a word
        ("pick_place_can", "Can"),
        ("flip egg", "Real-flip-egg"),
        ("door_open", "door-open"),
    ],
)
def test_case_hyphens_and_other_names_do_not_count(typed, meant):
    assert nearest(typed, KNOWN, ALIASES) == [meant]


def test_names_that_differ_in_case_alone_are_both_named():
    assert nearest("DOOR", KNOWN) == ["Door", "door"]
    assert did_you_mean(nearest("DOOR", KNOWN)) == "did you mean 'Door' or 'door'? "


def test_what_resembles_nothing_gets_no_suggestion():
    assert nearest("xyzzy", KNOWN) == []
    assert nearest("x", []) == []
    assert did_you_mean([]) == ""
