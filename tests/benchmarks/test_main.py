"""Every benchmark is listed, explains itself, and takes the command lines that are documented."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from benchmarks.__main__ import benchmarks, main
from benchmarks.tools.command import CommandLine
from zprl_env.errors import ZprlError

ROOT = Path(__file__).parents[2]
TYPED = r"python -m benchmarks\.(\w+)((?: (?!  )[^\s`]+)*)"
"""A command line, which ends where two spaces or a backtick do."""

DOCUMENTED = [
    "steering run Lift",
    "steering run Can",
    "steering summary",
    "tasks run",
    "tasks summary",
    "algorithms run",
    "algorithms summary",
    "bottleneck run Lift-0 box-close-0",
    "bottleneck summary",
    "robot train latent-0 latent-1",
    "robot play",
    "robot summary",
    "throughput run --seconds 55",
    "throughput scaling",
    "throughput summary",
    "networks run",
    "networks speed",
    "networks summary",
    "vectorised run",
    "vectorised run box-close 4",
    "vectorised summary",
    "control_loop",
    "control_loop --seconds 5",
    "inference",
    "learner",
    "film runs/Lift/sac/one out.gif",
    "curves",
    "house",
    "matrix run",
    "matrix summary",
    "mismatch run Lift",
    "mismatch summary",
]
"""What was typed before there was one shape, and what documentation shows."""


def command(name: str) -> CommandLine:
    found = importlib.import_module(f"benchmarks.{name}")
    if hasattr(found, "__path__"):  # a room, whose command is its main module's
        found = importlib.import_module(f"benchmarks.{name}.__main__")
    found = found.COMMAND
    assert isinstance(found, CommandLine)
    return found


@pytest.mark.parametrize("line", DOCUMENTED)
def test_what_is_documented_can_be_typed(line):
    name, *words = line.split()
    assert callable(command(name).parse(words))


def test_a_bare_command_measures():
    assert type(command("control_loop").parse([])).__name__ == "Run"
    assert type(command("inference").parse(["--repeats", "3"])).__name__ == "Run"
    assert type(command("inference").parse(["summary"])).__name__ == "Summary"


@pytest.mark.parametrize("name", benchmarks())
def test_it_is_called_by_its_name_and_its_text_shows_lines_that_can_be_typed(name):
    found = command(name)
    assert found.name == name
    lines = (line.strip() for line in (found.text or "").splitlines())
    shown = [line for line in lines if line.startswith("python -m")]
    assert shown
    for line in shown:
        match = re.fullmatch(rf"{TYPED}(?:  .*)?", line)
        assert match, line
        assert match[1] == name
        assert callable(found.parse(shlex.split(match[2])))


@pytest.mark.parametrize("name", benchmarks())
def test_it_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        command(name).parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: python -m benchmarks.{name}" in shown
    assert benchmarks()[name] in shown


def test_the_list_has_a_line_each(capsys):
    main([])
    shown = capsys.readouterr().out
    assert "usage: python -m benchmarks.NAME" in shown
    for name, line in benchmarks().items():
        assert line.endswith(".")
        assert re.search(rf"^  {name} +{re.escape(line)}$", shown, flags=re.MULTILINE)
    with pytest.raises(ZprlError, match=r"Expected no arguments\. Got: steering"):
        main(["steering"])


def test_nothing_but_their_own_results_is_written_by_benchmarks():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").rglob("*.py")]
    writers = [text for text in sources if re.search(r"\.write_text\(|open\([^)]*[\"']w", text)]
    assert len(writers) == 1  # tools/kept.py
