"""zprl lists the commands and runs each as its own module does."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from zprl_env.__main__ import COMMANDS, listing, main

NAMES = {"train", "evaluate", "calibrate", "record", "make-policy", "export", "hub", "hyperparams"}
NAMES |= {"doctor", "envs", "pretrain", "fit-bottleneck", "convert", "inspect", "play", "replay"}
NAMES |= {"server", "testing", "compare"}


def zprl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zprl_env", *words], capture_output=True, text=True, check=False
    )


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


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_command_calls_itself_what_the_user_called_it(name):
    done = zprl(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: zprl {name} " in done.stdout


def test_a_mistyped_command_names_the_nearest(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["evalaute"])
    assert exit_info.value.code == 2
    assert "unknown command 'evalaute'; did you mean 'evaluate'?" in capsys.readouterr().err


def test_a_command_s_exit_code_and_message_are_its_own():
    done = zprl("evaluate", "--env", "lfit")
    assert (done.returncode, done.stderr[:39]) == (2, "error: unknown environment 'lfit'; did ")
    done = zprl("inspect", "nothing.hdf5")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")


def test_arguments_reach_the_command():
    done = zprl("hyperparams", "sac")
    assert done.stdout.rstrip().endswith("sac.yml")
    assert (done.returncode, done.stderr) == (0, "")
