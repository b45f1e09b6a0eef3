"""The command line of the matrix lists cells in the order they are trained in."""

from __future__ import annotations

import pytest

from benchmarks.matrix.__main__ import COMMAND, Run
from zprl_env.errors import UnknownNameError, ZprlError


def test_all_of_a_seed_come_before_the_next():
    run = COMMAND.parse(["run", "Lift", "--variants", "default", "wide", "--seeds", "1", "2"])
    assert isinstance(run, Run)
    told = [str(cell) for cell in run.cells()]
    assert told == ["Lift default 1", "Lift wide 1", "Lift default 2", "Lift wide 2"]


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown variant 'wid'"):
        COMMAND.parse(["run", "--variants", "wid"])
    with pytest.raises(ZprlError, match=r"processes must be at least 1\. Got: 0"):
        COMMAND.parse(["run", "--processes", "0"])
