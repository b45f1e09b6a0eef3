"""The wheel and the source distribution hold what is needed, and work away from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import zprl_env
from zprl_env.__main__ import COMMANDS

for _simulator in ("robosuite", "pydantic"):
    pytest.importorskip(_simulator, reason="needs the extras robosuite and real")

ROOT = Path(__file__).parents[1]
PACKAGES = ("policies", "real", "zprl_env")
READ = ("benchmarks", "docs", "examples")
"""Folders that are read and run from a checkout, and not installed."""
PRETRAINED = ROOT / "policies" / "pretrained"
PRESETS = ROOT / "real" / "tasks" / "presets"
CONSOLE = ROOT / "real" / "console" / "web" / "static"
SHIPPED = ROOT / "zprl_env" / "deploy" / "shipped"
HYPERPARAMETERS = ROOT / "zprl_env" / "hyperparams"
BUILD_SDIST = "import setuptools.build_meta, sys; setuptools.build_meta.build_sdist(sys.argv[1])"
TRAINING = [
    *("--env", "Lift", "--total-env-steps", "40", "--warmup-decisions", "3", "--no-video"),
    *("--eval-episodes", "1", "--validation-episodes", "1", "--hidden", "8", "8"),
]


def run(*command: object, cwd: Path) -> str:
    """Run a command that knows nothing of the checkout; return what it printed."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MUJOCO_GL")}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sources() -> set[str]:
    """What the packages consist of, as paths from the checkout's root."""
    found = {path for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    found |= {path for path in PRETRAINED.rglob("*") if path.is_file()}
    found |= {path for path in SHIPPED.rglob("*") if path.is_file()}
    found |= {
        *PRESETS.glob("*.yaml"),
        *PRESETS.parent.glob("models/*.xml"),
        *CONSOLE.glob("*"),
        *HYPERPARAMETERS.glob("*.yml"),
    }
    data = ("zprl_env/py.typed", "zprl_env/experts/adroit/pen.json", "train_sb3.py")
    return {str(path.relative_to(ROOT)) for path in found} | {*data}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """The wheel and the source distribution, of a copy so that the checkout stays as it is."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns("__pycache__", "build", "dist")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
        elif path.name in (*PACKAGES, "tests", *READ):
            shutil.copytree(path, copy / path.name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, copy, cwd=out)
    run(sys.executable, "-c", BUILD_SDIST, out, cwd=copy)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


def contents(file: Path) -> set[str]:
    """The files in either, without the folder that a source distribution has around them."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return {*wheel.namelist()}
    with tarfile.open(file) as sdist:
        return {m.name.partition("/")[2] for m in sdist.getmembers() if m.isfile()}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


@pytest.mark.slow
def test_the_wheel_holds_the_packages_with_their_data_and_nothing_else(built):
    held = contents(built["wheel"])
    about = {name for name in held if name.partition("/")[0].endswith(".dist-info")}
    assert held - about == sources()
    assert not any("test_" in name or name.startswith(("tests", "benchmarks")) for name in held)


@pytest.mark.slow
def test_the_wheel_names_its_licence_and_brings_it(built):
    said = metadata(built["wheel"])
    assert (said["License"] or said["License-Expression"]) == "MIT"
    assert said["License-File"] == "LICENSE"
    with zipfile.ZipFile(built["wheel"]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


@pytest.mark.slow
def test_the_wheel_says_whose_it_is_and_what_it_is_for(built):
    said = metadata(built["wheel"])
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert said["Author"] == citation["authors"][0]["name"]
    assert said["Version"] == zprl_env.__version__ == citation["version"]
    assert said["Keywords"].split(",") == citation["keywords"]
    assert said.get_all("Project-URL") == [f"Paper, {citation['references'][0]['url']}"]
    classifiers = said.get_all("Classifier") or []
    minors = {line.rpartition(" 3.")[2] for line in classifiers if " 3." in line}
    assert minors == {"10", "11", "12"}
    assert all(f"3.{minor}" in SpecifierSet(said["Requires-Python"]) for minor in minors)
    assert "Typing :: Typed" in classifiers
    assert len(str(said.get_payload())) > 1000  # the README


@pytest.mark.slow
def test_the_zoo_extra_brings_what_tuning_and_its_tables_need(built):
    lines = metadata(built["wheel"]).get_all("Requires-Dist") or []
    zoo = {Requirement(line).name for line in lines if 'extra == "zoo"' in line}
    assert {"rl_zoo3", "optuna", "pandas", "plotly", "scikit-learn", "requests"} <= zoo


@pytest.mark.slow
def test_every_console_script_is_a_command_of_zprl(built):
    with zipfile.ZipFile(built["wheel"]) as wheel:
        (name,) = (one for one in wheel.namelist() if one.endswith("entry_points.txt"))
        lines = wheel.read(name).decode().splitlines()
    scripts = dict(line.split(" = ") for line in lines if " = " in line)
    assert scripts.pop("zprl") == "zprl_env.__main__:main"
    for script, target in scripts.items():
        assert COMMANDS[script.removeprefix("zprl-")].module == target.removesuffix(":main")


@pytest.mark.slow
def test_the_source_distribution_has_what_is_read_and_no_test(built):
    held = contents(built["sdist"])
    needed = {"setup.py", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "Makefile"}
    needed |= {"CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"}
    for folder in READ:
        paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        needed |= {
            str(path.relative_to(ROOT))
            for path in paths
            if path.suffix in (".py", ".md", ".svg", ".json", ".css")
        }
    assert sources() | needed <= held
    assert not {name for name in held if name.startswith("tests/") or "__pycache__" in name}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_installed_works_away_from_the_checkout(kind, built, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=tmp_path)
    python = tmp_path / "fresh" / "bin" / "python"
    (packages,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    # The dependencies come from here. As a folder named in a .pth file is not itself searched for
    # .pth files, an editable install of the checkout stays behind.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    run(*pip, "install", *offline, built[kind], cwd=tmp_path)

    shutil.copy(ROOT / "tests" / "helpers" / "smoke.py", tmp_path)
    found = json.loads(run(python, "smoke.py", cwd=tmp_path).splitlines()[-1])
    assert found["policies"] == sorted(path.name for path in PRETRAINED.iterdir())
    assert found["presets"] == sorted(path.stem for path in PRESETS.iterdir())
    assert found["hyperparameters"].keys() == {path.stem for path in HYPERPARAMETERS.glob("*.yml")}
    assert min(found["hyperparameters"].values()) > 5

    scripts = python.parent
    listed = run(scripts / "zprl", cwd=tmp_path)
    assert all(name in listed for name in COMMANDS)
    assert (
        run(scripts / "zprl-evaluate", "--version", cwd=tmp_path)
        == f"zprl-env {zprl_env.__version__}\n"
    )
    said = run(python, "-m", "zprl_env.hyperparams", "sac", cwd=tmp_path)
    assert Path(said.strip()) == packages / "zprl_env" / "hyperparams" / "sac.yml"
    run(python, "-m", "train_sb3", *TRAINING, "--out", "run", cwd=tmp_path)
    results = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert results["env_steps"] >= 40
    assert results["policy_sha256"] == read_hash("lift")


def read_hash(policy: str) -> str:
    described = json.loads((PRETRAINED / policy / "policy.json").read_text(encoding="utf-8"))
    return described["weights_sha256"]
