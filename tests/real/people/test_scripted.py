"""A program in a person's place."""

from __future__ import annotations

from real.people.scripted import ScriptedTeleoperator
from real.people.teleoperator import Input
from real.tasks.files import load_preset


def test_a_script_says_what_it_likes_at_any_time():
    preset = load_preset("place-orange")
    person = ScriptedTeleoperator(preset, script=lambda now: Input(now, mine=now > 1.0))
    person.connect()
    assert [person.read(now).mine for now in (0.5, 1.5)] == [False, True]
    assert person.connected
    person.close()
    assert not person.connected
