"""A value that cannot be is answered in one sentence: what must be, what was got."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from policies.commands.checking import check_words
from policies.commands.parsing import parse
from policies.errors import ZprlError


@dataclass
class Settings:
    """Settings of every type that commands have."""

    name: str = "a"
    path: Path | None = None
    steps: int = 1
    limit: int | None = None
    rate: float = 0.5
    scale: float | Literal["auto"] = 1.0
    skill: float | Literal["poor", "expert"] = 0.5
    keep: Literal["best", "last"] = "best"
    sizes: tuple[int, ...] = (1,)
    scales: tuple[float, ...] = (1.0,)
    env_kwargs: tuple[str, ...] = ()
    video: bool = True
    force: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


WHOLE = "a whole number, such as 100000, 100_000, 1e5 or 100k"
NUMBER = "a number, such as 0.5 or 1e-3"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--steps abc", f"--steps must be {WHOLE}. Got: 'abc'."),
        ("--steps=1.5", f"--steps must be {WHOLE}. Got: '1.5'."),
        ("--steps nan", f"--steps must be {WHOLE}. Got: 'nan'."),
        ("--limit x", f"--limit must be {WHOLE}. Got: 'x'."),
        ("--sizes 1 x", f"--sizes must be {WHOLE}. Got: 'x'."),
        ("--rate 0,5", f"--rate must be {NUMBER}. Got: '0,5'."),
        ("--scales 1 2 x", f"--scales must be {NUMBER}. Got: 'x'."),
        ("--scale x", f"--scale must be {NUMBER}, or 'auto'. Got: 'x'."),
        (
            "--skill exprt",
            f"--skill must be {NUMBER}, or 'poor' or 'expert'. Got: 'exprt'. "
            "Did you mean 'expert'?",
        ),
        ("--keep besst", "unknown --keep 'besst'; did you mean 'best'? Known: 'best', 'last'"),
        ("--steps", f"--steps must be followed by {WHOLE}. Got: nothing."),
        ("--steps --video", f"--steps must be followed by {WHOLE}. Got: nothing."),
        ("--keep", "--keep must be followed by 'best' or 'last'. Got: nothing."),
        ("--name", "--name must be followed by a value (NAME). Got: nothing."),
        ("--path", "--path must be followed by a value (PATH). Got: nothing."),
        (
            "--env-kwargs",
            "--env-kwargs must be followed by NAME=VALUE, such as robots=UR5e. Got: nothing.",
        ),
        (
            "--name a b",
            "--name takes one value. Got: 'a' 'b'. Put quotes around one that has blanks in it.",
        ),
        (
            "--video yes",
            "--video takes no value; its opposite is --no-video. Got: 'yes'. Leave it out.",
        ),
        ("--force=1", "--force takes no value. Got: '1'. Leave it out."),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence(words, said, capsys):
    with pytest.raises(ZprlError) as error_info:
        parse(Settings, arguments=words.split(), prog="zprl it")
    assert str(error_info.value) == said
    assert capsys.readouterr().err == ""


def test_values_that_can_be_are_left_to_the_parser():
    words = "--steps 1e5 --limit None --rate 1e-3 --scale auto --skill poor --path None --sizes"
    made = parse(Settings, arguments=[*words.split(), "--env-kwargs", "a=1", "b=x"])
    assert (made.steps, made.limit, made.scale, made.sizes) == (100_000, None, "auto", ())
    assert made.env_kwargs == ("a=1", "b=x")


@dataclass
class Places:
    """Settings that are told by their place."""

    file: tyro.conf.Positional[Path]
    count: tyro.conf.Positional[int]
    out: Path
    force: bool = False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "zprl it must be given FILE and COUNT and --out. Got: nothing. Try zprl it --help."),
        ("a 1", "zprl it must be given --out. Got: no --out. Try zprl it --help."),
        ("--out b a", "zprl it must be given COUNT. Got: no COUNT. Try zprl it --help."),
        ("a x --out b", f"COUNT must be {WHOLE}. Got: 'x'."),
        ("a --force 1 c --out b", "zprl it takes FILE COUNT and options. Got also: 'c'. Try zprl"),
    ],
)
def test_what_is_missing_or_too_much_is_named(words, said):
    with pytest.raises(ZprlError) as error_info:
        check_words(words.split(), Places, "zprl it")
    assert str(error_info.value).startswith(said)


def test_a_default_that_is_to_be_given_is_missing_and_others_are_not():
    given = Places(Path("a"), 1, tyro.MISSING)
    with pytest.raises(ZprlError, match=r"^zprl it must be given --out\. Got: nothing\."):
        check_words([], Places, "zprl it", given)
    assert parse(Places, arguments=["--out", "b", "c", "2"], default=given).out == Path("b")


@pytest.mark.parametrize("module", ["policies.convert", "zprl_env.hyperparams"])
def test_a_command_ends_with_2_within_the_terminal(module):
    terminal, told = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={"COLUMNS": "50", "PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""},
        stderr=told,
        check=False,
    )
    lines = os.read(terminal, 10_000).decode().splitlines()
    os.close(terminal)
    os.close(told)
    assert done.returncode == 2
    assert lines[0].startswith("error: python -m")
    assert max(map(len, lines)) <= 50
