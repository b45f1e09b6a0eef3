"""A judge is tried on a recording that it has not learned from, and on no other."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from real.judge.__main__ import Train, train
from real.judge.checking import Check, check
from real.judge.stored import DESCRIPTION
from tests.real.judge.conftest import shown
from zprl_env.errors import ConfigurationError


def test_it_is_checked_on_what_it_has_not_learned_from_and_on_nothing_else(recording, tmp_path):
    out, other = tmp_path / "judge", tmp_path / "next_day.hdf5"
    judge = train(
        Train(recording, out, look="states", steps=60, folds=2), Console(file=io.StringIO())
    )
    shown(7, pictures=True).save(other)
    found = check(Check(out, other), Console(file=io.StringIO()))
    assert (found.threshold, found.episodes) == (judge.validation.threshold, 14)
    assert found.found >= 5
    assert found.false_successes <= 2
    with pytest.raises(ConfigurationError, match="which it was trained on"):
        check(Check(out, recording))
    elsewhere = json.loads((out / DESCRIPTION).read_text()) | {"task": "flip-egg"}
    (out / DESCRIPTION).write_text(json.dumps(elsewhere))
    with pytest.raises(ConfigurationError, match=r"flip-egg.*Got: place-orange"):
        check(Check(out, other))
