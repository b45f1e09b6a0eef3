"""Every command line is read in the same way."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from policies.checkpoints.output import package_version
from policies.commands.parsing import parse, program
from policies.errors import ConfigurationError, ZprlError


@dataclass(frozen=True)
class Settings:
    """Do something with numbers."""

    steps: int = 3
    """Steps to take, and this text is so long that its source has it on more than one line, as
    most have."""
    sizes: tuple[int, ...] = (1,)
    """Sizes."""
    limit: int | None = None
    """Limit."""
    rate: float = 0.5
    """Rate."""


def test_whole_numbers_are_read_as_people_type_them():
    made = parse(Settings, arguments=["--steps", "1e5", "--sizes", "1k", "2_000", "--limit", "2M"])
    assert made == Settings(100_000, (1000, 2000), 2_000_000)
    assert parse(Settings, arguments=["--limit", "None"]).limit is None
    assert parse(Settings, arguments=[], default=Settings(steps=7)).steps == 7


def test_what_is_no_whole_number_is_refused_with_examples(capsys):
    with pytest.raises(ZprlError, match=r"--steps must be a whole number, such as .*Got: '1.5'\.$"):
        parse(Settings, arguments=["--steps", "1.5"], prog="zprl it")
    assert capsys.readouterr().err == ""  # no box


class StrictError(ConfigurationError):
    """A refusal of the settings' own, which tyro would draw a box of."""


@dataclass
class Refusing:
    """Settings that check themselves."""

    size: complex = 1j
    """Of a type that is read by tyro alone."""

    def __post_init__(self) -> None:
        if self.size == 0:
            raise StrictError("size must not be 0. Got: 0. Try 1j.")
        if self.size == 2:
            raise ValueError("two is too many")


def test_what_only_the_settings_or_tyro_know_is_told_in_a_sentence_too(capsys):
    with pytest.raises(StrictError, match=r"^size must not be 0\. Got: 0\. Try 1j\.$"):
        parse(Refusing, arguments=["--size", "0"], prog="zprl it")
    with pytest.raises(ZprlError, match=r"two is too many\. Try zprl it --help\.$"):
        parse(Refusing, arguments=["--size", "2"], prog="zprl it")
    with pytest.raises(ZprlError, match=r"^Error parsing --size: .*x.* Try zprl it --help\.$"):
        parse(Refusing, arguments=["--size", "x"], prog="zprl it")
    assert capsys.readouterr().err == ""


def test_a_flag_is_suggested_before_anything_is_read():
    with pytest.raises(ZprlError, match=r"zprl it has no --stesp; did you mean --steps 3\?"):
        parse(Settings, arguments=["--stesp", "3"], prog="zprl it")


def test_help_flows_and_ends_with_examples(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit) as exit_info:
        parse(Settings, ["--steps 20k  # more"], arguments=["--help"], prog="zprl it")
    said = capsys.readouterr().out
    assert exit_info.value.code == 0
    assert said.startswith("usage: zprl it [-h]")
    assert said.endswith("examples:\n  # more\n  zprl it --steps 20k\n")
    assert max(map(len, said.splitlines())) <= 60
    assert "{None}" not in said
    flowing = " ".join(said.replace("│", " ").split())
    assert "this text is so long that its source has it on more than one line, as most" in flowing
    assert "│ most have. " not in " ".join(said.split())  # not a line of its own, as in the source


def test_every_command_says_its_version(capsys):
    with pytest.raises(SystemExit) as exit_info:
        parse(Settings, arguments=["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f"zprl-env {package_version()}\n"


def test_a_command_is_named_as_it_was_called(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["zprl it", "--steps", "3"])
    assert program() == program("zprl_env.it") == "zprl it"
    monkeypatch.setattr(sys, "argv", ["/somewhere/zprl_env/it.py"])
    assert program("zprl_env.it") == "python -m zprl_env.it"
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    assert program() == "python /somewhere/zprl_env/it.py"
