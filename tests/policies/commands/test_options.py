"""The options of a dataclass are those that tyro makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg

from policies.commands.options import options, subcommands


@dataclass(frozen=True)
class Inner:
    steps: int = 3


@dataclass(frozen=True)
class Settings:
    file: Positional[Path]
    n_envs: Annotated[int, arg(aliases=["-j"])] = 1
    video: bool = True
    force: Annotated[bool, FlagCreatePairsOff] = False
    suite: Literal["a", "b"] | None = None
    pretrain: Inner = field(default_factory=Inner)
    silent: Annotated[Inner, arg(name="")] = field(default_factory=Inner)


def test_flags_and_choices_are_tyro_s(capsys):
    found = list(options(Settings))
    flags = {flag for option in found for flag in option.flags}
    assert flags == {
        *("--n-envs", "-j", "--video", "--no-video", "--force", "--suite"),
        *("--pretrain.steps", "--steps"),
    }
    assert [option.choices for option in found if "--suite" in option.flags] == [("a", "b", "None")]
    assert [option.positional for option in found].count(True) == 1
    taken = ["x", *("--n-envs", "2", "--no-video", "--force", "--suite", "b")]
    made = tyro.cli(Settings, args=[*taken, "--pretrain.steps", "5", "--steps", "6"])
    assert (made.pretrain.steps, made.silent.steps) == (5, 6)


def test_a_union_has_a_subcommand_for_each():
    named = Annotated[Inner, tyro.conf.subcommand("within")] | Settings
    assert subcommands(named) == {"within": Inner, "settings": Settings}
    assert subcommands(Settings) == {}
