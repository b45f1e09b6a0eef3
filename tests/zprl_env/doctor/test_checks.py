"""Looking whether an installation works, and at some that do not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.interpreter import CHOSEN_BY_ROBOSUITE
from zprl_env.doctor import checks, versions
from zprl_env.doctor.__main__ import is_usual
from zprl_env.doctor.finding import Finding
from zprl_env.tasks import TASKS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PARTS = ["versions", "machine", "learning", "rendering", "suites", "policies"]
SUITES = {"robosuite": "robosuite", "metaworld": "metaworld", "adroit": "gymnasium_robotics"}

SITE = """
# Python runs this file at its start, in children too: an installation with something wrong.
import os, signal, sys
from importlib.machinery import PathFinder

HIDDEN, UNIMPORTABLE, CRASHING = {hidden!r}, {unimportable!r}, {crashing!r}

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in HIDDEN + UNIMPORTABLE:
            return None
        if name in CRASHING:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, *args, **kwargs):
        for found in super().find_distributions(*args, **kwargs):
            if found.metadata["Name"].replace("-", "_") not in HIDDEN:
                yield found

sys.meta_path = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
if "zprl_env.doctor.probes" in sys.orig_argv:  # glfw evaluates what its own child says
    os.write(1, b"a noisy installation")
"""


class Report(NamedTuple):
    """How a run of the doctor ended and what it left."""

    code: int
    text: str
    errors: str
    json: dict[str, Any]

    def finding(self, part: str, name: str) -> dict[str, str]:
        (found,) = (finding for finding in self.json["parts"][part] if finding["name"] == name)
        return found


def examine(folder: Path, *arguments: str, cwd: Path | None = None, **variables: Any) -> Report:
    """Run the command as a user does."""
    file = folder / "report.json"
    # Importing robosuite chose a backend for this process and its children.
    ours = {k: v for k, v in os.environ.items() if k not in CHOSEN_BY_ROBOSUITE}
    done = subprocess.run(
        [sys.executable, "-m", "zprl_env.doctor", *arguments, "--json", str(file)],
        cwd=cwd or ROOT,
        env={**ours, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(file.read_text()) if file.exists() else {}
    return Report(done.returncode, done.stdout, done.stderr, found)


def with_site(folder: Path, **wrong: list[str]) -> dict[str, Any]:
    """Variables for a Python in which something is wrong with some packages."""
    names: dict[str, list[str]] = {"hidden": [], "unimportable": [], "crashing": []}
    (folder / "sitecustomize.py").write_text(SITE.format(**{**names, **wrong}))
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    return examine(tmp_path_factory.mktemp("doctor"))


def test_an_installation_that_works_is_found_working(report):
    assert report.json["broken"] == []
    assert report.text.endswith("everything that is installed works\n")
    assert (report.code, report.errors) == (0, "")


def test_every_finding_is_printed_and_kept(report):
    assert list(report.json["parts"]) == PARTS
    counted = 0
    for part, findings in report.json["parts"].items():
        for finding in findings:
            if is_usual(part, Finding(finding["name"], finding["state"], finding["text"])):
                counted += 1
                continue
            words = " ".join(f"{finding['state']} {finding['name']} {finding['text']}".split())
            assert words in " ".join(report.text.split())
            assert " ".join(finding["advice"].split()) in " ".join(report.text.split())
    assert counted > 25
    numbers = re.findall(r"(?:libraries|shipped policies) +(\d+), ", report.text)
    assert sum(map(int, numbers)) == counted  # those that are well are a number each


def test_the_report_fits_a_screen_and_what_is_asked_for_is_listed(report, tmp_path):
    assert len(report.text.splitlines()) <= 40
    listed = examine(tmp_path, "versions", COLUMNS="60")
    assert f"ok      {'numpy':20} {versions.installed('numpy')}" in listed.text
    assert max(map(len, listed.text.splitlines())) <= 60


def test_a_file_that_hides_a_package_is_named(tmp_path):
    (tmp_path / "real.py").touch()
    found = examine(tmp_path, "machine", cwd=tmp_path).finding("machine", "names")
    assert (found["state"], found["text"]) == (
        "warning",
        "./real.py: hides the package of that name from scripts in this folder",
    )


def test_versions_are_those_installed(report):
    assert "." in report.finding("versions", "python")["text"]
    numpy = report.finding("versions", "numpy")
    assert numpy["text"].startswith(versions.installed("numpy"))
    names = {finding["name"] for finding in report.json["parts"]["versions"]}
    assert {"zprl-env", "torch", "gymnasium", "stable-baselines3", "robosuite"} <= names


def test_every_suite_that_is_installed_takes_its_steps(report):
    for suite in {task.suite for task in TASKS.values()}:
        finding = report.finding("suites", suite)
        if finding["state"] != "missing":
            assert "steps/s" in finding["text"]


def test_every_shipped_policy_is_verified(report):
    found = {finding["name"] for finding in report.json["parts"]["policies"]}
    assert found == set(checks.shipped_policies())
    digest = json.loads((ROOT / "policies/pretrained/lift/policy.json").read_text())
    assert digest["weights_sha256"][:12] in report.finding("policies", "lift")["text"]


def test_drawing_is_possible_or_says_what_to_install(report):
    for name, package in checks.BACKENDS.items():
        finding = report.finding("rendering", name)
        driver = r"\d+ frames/s at 84 x 84, \w.*"  # GL_RENDERER
        assert re.fullmatch(driver, finding["text"]) or package in finding["advice"]


def test_a_backend_that_was_asked_for_and_does_not_work_is_broken(tmp_path):
    report = examine(tmp_path, "rendering", MUJOCO_GL="bogus")
    assert report.code == 1
    assert report.json["broken"] == ["rendering bogus"]
    finding = report.finding("rendering", "bogus")
    assert "MUJOCO_GL: bogus" in finding["text"]
    assert "MUJOCO_GL" in finding["advice"]
    assert "RuntimeError" in finding["trace"]
    assert "Traceback" not in report.text
    assert "broken: rendering bogus" in report.text


def test_drawing_that_is_switched_off_is_not_broken(tmp_path):
    report = examine(tmp_path, "rendering", MUJOCO_GL="off")
    assert report.finding("rendering", "off")["state"] == "missing"
    assert report.code == 0


def test_a_variable_that_is_in_the_way_is_named(tmp_path):
    report = examine(tmp_path, "rendering", MUJOCO_GL="egl", PYOPENGL_PLATFORM="osmesa")
    assert report.json["broken"] == ["rendering egl"]
    assert report.finding("rendering", "egl")["advice"] == "unset PYOPENGL_PLATFORM"


def test_suites_that_are_not_installed_are_no_failure(tmp_path):
    report = examine(
        tmp_path, "suites", "versions", **with_site(tmp_path, hidden=[*SUITES.values()])
    )
    assert (report.code, report.errors) == (0, "")
    for suite, package in SUITES.items():
        finding = report.finding("suites", suite)
        assert (finding["state"], finding["text"]) == ("missing", "not installed")
        assert finding["advice"] == f'pip install "zprl-env[{suite}]"'
        library = report.finding("versions", package.replace("_", "-"))
        assert library["text"] == f'optional: pip install "zprl-env[{suite}]"'


def test_what_is_installed_and_broken_is_told_from_what_is_missing(tmp_path):
    wrong = with_site(
        tmp_path,
        hidden=["metaworld"],
        unimportable=["robosuite"],
        crashing=["gymnasium_robotics"],
    )
    report = examine(tmp_path, "suites", **wrong)
    assert report.code == 1
    # The simulated robot's arms are robosuite's.
    assert report.json["broken"] == ["suites robosuite", "suites adroit", "suites real"]
    assert report.finding("suites", "metaworld")["state"] == "missing"
    robosuite = report.finding("suites", "robosuite")
    assert "installed, and importing it fails: ModuleNotFoundError" in robosuite["text"]
    assert robosuite["advice"] == 'pip install --force-reinstall "zprl-env[robosuite]"'
    assert report.finding("suites", "adroit")["text"] == "killed by SIGSEGV"


def test_what_hangs_is_given_up(tmp_path):
    report = examine(tmp_path, "learning", "rendering", "--timeout", "0.01")
    assert report.code == 1
    assert report.json["broken"] == ["learning libraries", "rendering egl", "rendering osmesa"]
    assert "no answer within 0.01 s" in report.text


def test_a_report_says_nothing_about_its_author(tmp_path):
    home = tmp_path / "ada-lovelace"
    home.mkdir()
    variables = {"HOME": str(home), "MUJOCO_GL": "bogus", "API_TOKEN": "swordfish"}
    report = examine(tmp_path, "versions", "machine", "rendering", cwd=home, **variables)
    everything = report.text + (tmp_path / "report.json").read_text()
    assert "swordfish" not in everything
    assert "lovelace" not in everything
    for folder in (str(ROOT), sys.prefix, str(tmp_path)):
        assert folder not in everything
    assert "MUJOCO_GL=bogus, OMP_NUM_THREADS=1, PYOPENGL_PLATFORM=" in " ".join(report.text.split())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a /proc to fail to write to")
def test_a_folder_that_cannot_be_written_to_is_a_warning(tmp_path):
    report = examine(tmp_path, "machine", cwd=Path("/proc"))
    finding = report.finding("machine", "runs/")
    assert finding["state"] == "warning"
    assert finding["text"].startswith("not writable")
    assert report.code == 0


def test_help_says_what_the_exit_code_means():
    done = subprocess.run(
        [sys.executable, "-m", "zprl_env.doctor", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Exit code 0" in done.stdout
    assert "policies" in done.stdout


@pytest.mark.parametrize("arguments", [["--timeout", "0"], ["nothing"]])
def test_what_cannot_be_is_refused(arguments, tmp_path):
    report = examine(tmp_path, *arguments)
    assert report.code == 2
    assert "Traceback" not in report.errors
