"""The interface of a person's device."""

from __future__ import annotations

import pytest

from real.people.expert import ExpertTeleoperator
from real.people.keyboard import KeyboardTeleoperator
from real.people.scripted import ScriptedTeleoperator
from real.people.teleoperator import Beginning, Input, Watching
from real.tasks.files import load_preset


def test_only_a_program_looks_at_the_robot():
    preset = load_preset("place-orange")
    expert, scripted = ExpertTeleoperator(preset), ScriptedTeleoperator(preset)
    assert isinstance(expert, Watching)
    assert isinstance(expert, Beginning)
    assert not isinstance(scripted, Watching)
    assert hasattr(KeyboardTeleoperator, "begin")


def test_an_input_says_nothing_unless_it_is_told_to():
    assert Input(1.0) == (1.0, False, None, None, None, frozenset())
    with pytest.raises(TypeError):
        Input()  # type: ignore[call-arg]
