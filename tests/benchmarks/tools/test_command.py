"""One command line serves every benchmark."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.tools.command import CommandLine, Flag, Tasks, check_seconds
from zprl_env.errors import ZprlError


@dataclass(frozen=True)
class Run:
    """Measure tasks."""

    tasks: Tasks = ()
    """Tasks."""
    again: Flag = False
    """Anew."""
    seconds: float = 1.0
    """How long."""

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    def __call__(self) -> tuple[str, ...]:
        return self.tasks


@dataclass(frozen=True)
class Summary:
    """Print."""

    def __call__(self) -> str:
        return "table"


BOTH = CommandLine("some", "A benchmark.", (Run, Summary))
BARE = CommandLine("some", "A benchmark.", (Run, Summary), default="run")


def test_a_subcommand_is_a_dataclass_that_is_called():
    run = BOTH.parse(["run", "Lift", "Can", "--again", "--seconds", "2"])
    assert run == Run(("Lift", "Can"), True, 2.0)
    assert run() == ("Lift", "Can")
    assert BOTH.parse(["summary"])() == "table"


def test_a_default_subcommand_need_not_be_named():
    assert BARE.parse([]) == BARE.parse(["run"]) == Run()
    assert BARE.parse(["--seconds", "3"]) == Run(seconds=3.0)
    assert BARE.parse(["summary"]) == Summary()


def test_without_a_default_the_subcommands_are_told(capsys):
    with pytest.raises(SystemExit) as ended:
        BOTH.parse([])
    assert ended.value.code == 2
    assert "Expected one of {run, summary}" in capsys.readouterr().err


def test_help_names_the_module_and_the_subcommands(capsys):
    with pytest.raises(SystemExit):
        BARE.parse(["--help"])
    shown = capsys.readouterr().out
    assert "usage: python -m benchmarks.some" in shown
    assert "A benchmark." in shown
    assert "Measure tasks." in shown


def test_an_only_command_has_no_name():
    assert CommandLine("some", "", (Run,)).parse(["run"]) == Run(("run",))


def test_a_mistake_is_told_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.house", "--root", "nowhere"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: Expected a checkout of this project, with policies, zprl_env, real in it. "
        "Got: nowhere.\n"
    )


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_time_is_a_number(seconds):
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0\. Got: "):
        Run(seconds=seconds)
