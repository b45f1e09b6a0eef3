"""A file of the user's in the place of a package of ours is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zprl_env.shadow import refuse_shadow


def run(folder: Path, code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(code)
    command = [sys.executable, *(flags or ["script.py"])]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["file", "package"])
@pytest.mark.parametrize("name", ["policies", "real"])
def test_what_shadows_what_is_said(tmp_path, name, kind):
    found = tmp_path / (f"{name}.py" if kind == "file" else f"{name}/__init__.py")
    found.parent.mkdir(exist_ok=True)
    found.touch()
    done = run(tmp_path, "import zprl_env\nzprl_env.make_env('Real')")
    shadow = found if kind == "file" else found.parent
    assert f"its own package '{name}'" in done.stderr
    assert f"Got: {shadow.resolve()}, which is found before it" in done.stderr
    assert "Rename that" in done.stderr


def test_a_robot_is_not_needed_by_those_who_use_none(tmp_path):
    (tmp_path / "real.py").touch()
    done = run(tmp_path, "import zprl_env\nprint(zprl_env.make_env('Pendulum-v1').spec.id)")
    assert (done.returncode, done.stdout) == (0, "Pendulum-v1\n"), done.stderr


def test_folders_of_data_shadow_nothing(tmp_path):
    (tmp_path / "policies").mkdir()
    done = run(tmp_path, "import zprl_env\nprint('fine')")
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_a_command_says_it_in_one_line(tmp_path):
    (tmp_path / "train_sb3.py").touch()
    done = run(tmp_path, "", "-m", "zprl_env", "train", "--env", "Lift")
    assert done.returncode == 2
    assert done.stderr.startswith("error: zprl-env needs its own package 'train_sb3'")
    assert done.stderr.count("\n") == 1


def test_our_own_are_found():
    for name in ("policies", "real", "zprl_env", "train_sb3", "no_package_of_ours"):
        refuse_shadow(name)
