"""A person beside an agent that could not learn there is refused before anything is made."""

from __future__ import annotations

import pytest

from zprl_env.errors import ZprlError
from zprl_env.training.command_line import parse

PERSON = ["--env", "Real", "--teleoperator", "keyboard"]


def test_what_a_person_does_may_be_recorded_learned_from_or_both():
    config = parse([*PERSON, "--record", "people.hdf5"])
    assert (config.takeover, config.takeover_bootstrap) == ("demo", True)
    assert parse([*PERSON, "--takeover", "prior"]).record is None
    both = parse([*PERSON, "--takeover", "both", "--record", "people.hdf5"])
    assert both.takeover_unexplained == 0.5


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--algo", "ppo", "--takeover", "prior"], "must come with an algorithm that learns from"),
        (
            ["--num-envs", "2", "--updates-per-episode", "0", "--takeover", "prior"],
            "must come with one environment",
        ),
        ([], "takeover demo must come with a recording"),
        (["--takeover", "both"], "Give --record"),
        (["--takeover", "prior", "--no-takeover-bootstrap", "--reward", "penalty"], "be rescued"),
        (["--takeover", "prior", "--takeover-unexplained", "-1"], "takeover_unexplained must"),
    ],
)
def test_what_teaches_nothing_is_refused(more, told):
    with pytest.raises(ZprlError, match=told):
        parse([*PERSON, *more])
