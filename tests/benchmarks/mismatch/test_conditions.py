"""Conditions of deployment are settings that their tasks' environments take."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from benchmarks.mismatch.conditions import CHOSEN, CONDITIONS, KIND_OF, TRIED, mismatch, words
from zprl_env.cli import settings
from zprl_env.envs import make_env
from zprl_env.envs.mismatch import KINDS
from zprl_env.errors import UnknownNameError


def test_every_kind_is_a_condition_and_what_was_chosen_was_tried():
    assert sorted(KIND_OF.values()) == sorted(KINDS)
    for task, amounts in CHOSEN.items():
        assert amounts.keys() == TRIED[task].keys() == KIND_OF.keys()
        assert all(amount in TRIED[task][name] for name, amount in amounts.items())


@pytest.mark.slow
@pytest.mark.parametrize("task", CHOSEN)
def test_its_words_make_the_environment(task):
    assert words(task, "nominal") == ""
    for condition in CONDITIONS[1:]:
        flag, *given = shlex.split(words(task, condition))
        assert flag == "--env-kwargs"
        assert settings(given) == {"mismatch": mismatch(task, condition)}
    env: Any = make_env(
        task, mismatch={KIND_OF[name]: value for name, value in CHOSEN[task].items()}
    )
    assert env.unwrapped.env_args["mismatch"].keys() == KINDS.keys()
    env.close()


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown task with conditions 'Can'"):
        mismatch("Can", "heavy")
    with pytest.raises(UnknownNameError, match="unknown condition 'hevy'; did you mean 'heavy'"):
        mismatch("Lift", "hevy")
