"""zprl lists the commands and runs each as its own module does."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.helpers.warm import run_warm
from zprl_env import __version__
from zprl_env.__main__ import COMMANDS, GROUPS, listing, main

NAMES = {"train", "evaluate", "calibrate", "record", "make-policy", "export", "hub", "hyperparams"}
NAMES |= {"doctor", "envs", "pretrain", "fit-bottleneck", "convert", "inspect", "play", "replay"}
NAMES |= {
    "server",
    "testing",
    "compare",
    "check",
    "cameras",
    "teleoperate",
    "judge",
    "console",
    "sweep",
}


def zprl(*words: str) -> subprocess.CompletedProcess[str]:
    return run_warm("-m", "zprl_env", *words)


def test_every_command_is_in_the_table_and_can_be_found():
    assert COMMANDS.keys() == NAMES
    assert all(find_spec(command.module) for command in COMMANDS.values())


def test_the_listing_has_a_line_for_each_and_fits_a_terminal():
    lines = listing().splitlines()
    for name, command in COMMANDS.items():
        assert any(line.split(maxsplit=1) == [name, command.summary] for line in lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_alone_it_lists_them(words):
    done = zprl(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, listing() + "\n", "")


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from zprl_env.__main__ import main; main([]);"
        "print({'torch', 'tyro', 'scipy', 'mujoco', 'stable_baselines3'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return what a command prints in this process before it exits with 0."""
    monkeypatch.setattr(sys, "argv", ["zprl"])

    def run(*words: str, width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        with pytest.raises(SystemExit) as exit_info:
            main(words)
        assert exit_info.value.code == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("name", sorted(NAMES))
def test_help_is_named_as_it_was_called_fits_and_breaks_no_word(name, shown):
    pages = {width: shown(name, "--help", width=width) for width in (128, 80, 60)}
    words = {width: {*re.split(r"[\s,│]+", page)} for width, page in pages.items()}
    for width, page in pages.items():
        assert page.startswith(f"usage: zprl {name} ")
        assert max(map(len, page.splitlines())) <= width
        unknown = {w for w in words[width] - words[128] if not re.fullmatch(r"[╭╮╰╯─]+|\\", w)}
        assert not unknown  # a backslash says that an example goes on


@pytest.mark.parametrize("name", sorted(NAMES))
def test_help_ends_with_examples_whose_flags_exist(name, shown):
    options, found, text = shown(name, "--help", width=200).partition("\nexamples:\n")
    assert found, "no examples"
    lines = [line.strip() for line in text.splitlines() if not line.startswith("  #")]
    assert lines
    for line in lines:
        assert line.startswith(f"zprl {name}")
        for flag in re.findall(r"(?<=\s)--[\w-]+", line):
            verb = line.split()[2]
            known = shown(name, verb, "--help", width=200) if name == "hub" else options
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", known)


def test_help_of_no_command_waits_for_a_learning_library():
    code = (
        "import sys; from contextlib import suppress\n"
        "from zprl_env.__main__ import COMMANDS, main\n"
        "for name in COMMANDS.keys() - {'pretrain', 'fit-bottleneck'}:  # whose modules train\n"
        "    with suppress(SystemExit): main([name, '--help'])\n"
        "    heavy = {'torch', 'stable_baselines3', 'robosuite', 'matplotlib'} & {*sys.modules}\n"
        "    assert not heavy, (name, heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_said(capsys, shown):
    for words in (["--version"], ["version"]):
        main(words)
        assert capsys.readouterr().out == f"zprl-env {__version__}\n"
    assert shown("envs", "--version") == f"zprl-env {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("evalaute", "evaluate"), ("enjoy", "evaluate"), ("make_policy", "make-policy")],
)
def test_a_mistyped_command_names_the_nearest(typed, meant, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([typed])
    assert exit_info.value.code == 2
    assert f"unknown command {typed!r}; did you mean {meant!r}?" in capsys.readouterr().err


def test_every_command_stands_in_the_order_of_need():
    grouped = [name for group in GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(COMMANDS)
    assert next(iter(GROUPS)) == "First"
    assert "More" not in listing()
    assert max(map(len, listing(60).splitlines())) <= 60


def test_a_command_s_exit_code_and_message_are_its_own():
    done = zprl("evaluate", "--env", "lfit")
    assert (done.returncode, done.stderr[:39]) == (2, "error: unknown environment 'lfit'; did ")
    done = zprl("inspect", "nothing.hdf5")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_arguments_reach_the_command():
    done = zprl("hyperparams", "sac")
    assert done.stdout.rstrip().endswith("sac.yml")
    assert (done.returncode, done.stderr) == (0, "")
