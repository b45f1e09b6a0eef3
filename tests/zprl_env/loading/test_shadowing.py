"""A file of the user's that hides a package is named, instead of a module that is not found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zprl_env.loading.shadowing import ROOT, beside, check_not_hidden, hiding, is_command

CHECKOUT = Path(__file__).parents[3]


@pytest.mark.parametrize("hidden", ["policies.py", "policies/__init__.py"])
@pytest.mark.parametrize("what", ["import zprl_env", "from zprl_env import make_env"])
def test_a_script_beside_its_own_policies_is_told_so(hidden, what, tmp_path):
    file = tmp_path / hidden
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine = True")
    (tmp_path / "script.py").write_text(what)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"ImportError: {tmp_path / hidden.partition('/')[0]} hides the package ")
    assert said.endswith("first. Rename it, or run from another folder.")


def started(command: str, word: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command from a folder."""
    return subprocess.run(
        [sys.executable, "-m", command, word],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "hidden"),
    [
        ("zprl_env.envs", "policies.py"),
        ("zprl_env.hyperparams", "policies/__init__.py"),
        ("real.play", "policies.py"),
        ("real.play", "zprl_env.py"),
        ("real.testing", "zprl_env/__init__.py"),
    ],
)
def test_a_command_beside_it_ends_in_one_sentence_without_a_traceback(command, hidden, tmp_path):
    (tmp_path / hidden).parent.mkdir(exist_ok=True)
    (tmp_path / hidden).touch()
    done = started(command, "--help", tmp_path)
    place, package = tmp_path / hidden.partition("/")[0], hidden.partition("/")[0].partition(".")[0]
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: {place} hides the package {package!r} of zprl-env, since Python looks in "
        f"{tmp_path} first. Rename it, or run from another folder.\n"
    )


@pytest.mark.parametrize("command", ["zprl_env.hyperparams", "policies.convert"])
def test_a_folder_of_policies_or_of_one_s_robot_is_in_nobody_s_way(command, tmp_path):
    (tmp_path / "policies" / "lift").mkdir(parents=True)  # no package
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "__init__.py").touch()  # hidden, but not needed
    done = started(command, "--version", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("-m zprl_env.envs", True),
        ("-X dev -W error -m real.play", True),
        ("-Im policies.convert", True),
        ("-m my_lab.train", False),
        ("mine.py -m policies.convert", False),
        ("-c pass -m policies.convert", False),
        ("", False),
    ],
)
def test_a_command_is_told_by_what_python_was_given(line, is_one, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["python", *line.split()])
    assert is_command() is is_one


def test_a_hidden_robot_is_told_when_it_is_needed(tmp_path, monkeypatch):
    (tmp_path / "real.py").write_text("mine = True")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "real"]:
        monkeypatch.delitem(sys.modules, name)
    assert hiding("real") == tmp_path / "real.py"
    check_not_hidden("real", used=False)
    with pytest.raises(ImportError, match=r"real\.py hides the package 'real' of zprl-env"):
        check_not_hidden("real")


def test_what_lies_in_a_folder_is_seen_before_anything_is_imported(tmp_path):
    (tmp_path / "real").mkdir()  # data: no package
    assert beside(tmp_path) == []
    (tmp_path / "real" / "__init__.py").touch()
    (tmp_path / "policies.py").touch()
    assert beside(tmp_path) == [tmp_path / "policies.py", tmp_path / "real"]
    assert beside(ROOT) == []


def test_modules_without_a_place_hide_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "policies", object())
    assert hiding("policies") is None
    assert hiding("no_such_package_anywhere") is None
