"""Objects are imported by name, and what cannot be says what to try."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object, names_code, refuse_code

MODULE = """
class Reach:
    @classmethod
    def easy(cls):
        return "easy"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("lab_reach", "lab_broken", "lab_needs"):
        sys.modules.pop(name, None)


def test_an_object_of_the_current_folder_is_found(folder):
    (folder / "lab_reach.py").write_text(MODULE)
    assert load_object("lab_reach:Reach", "environment").__name__ == "Reach"
    assert load_object("lab_reach:Reach.easy", "environment")() == "easy"


def test_a_file_of_the_current_folder_takes_no_installed_module_s_place(folder):
    (folder / "numpy.py").write_text("array = None")
    code = "from zprl_env.loading.named import load_object; print(load_object('numpy:array', 'x'))"
    # A console script does not begin with the current folder either.
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.remove(''); " + code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "<built-in function array>")


def test_a_module_that_is_not_there_says_where_was_looked(folder):
    with pytest.raises(ConfigurationError, match="no module named 'lab_nothing'") as error:
        load_object("lab_nothing:make", "policy")
    assert f"{folder} was looked in" in str(error.value)
    assert "The policy 'lab_nothing:make'" in str(error.value)


def test_a_module_that_needs_another_says_which(folder):
    (folder / "lab_needs.py").write_text("import no_such_simulator")
    with pytest.raises(ConfigurationError, match="imports no_such_simulator, which is not insta"):
        load_object("lab_needs:make", "environment")


def test_a_defect_of_the_user_s_module_keeps_its_traceback(folder):
    (folder / "lab_broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        load_object("lab_broken:make", "environment")


def test_an_object_that_is_not_in_the_module_names_the_nearest(folder):
    (folder / "lab_reach.py").write_text(MODULE)
    with pytest.raises(UnknownNameError, match=r"environment of the module lab_reach 'Raech'; did"):
        load_object("lab_reach:Raech", "environment")
    with pytest.raises(UnknownNameError, match=r"environment of the class Reach 'eazy'; did you"):
        load_object("lab_reach:Reach.eazy", "environment")


@pytest.mark.parametrize("spec", ["Lift", "my_env.py:", "a/b.py:make", ":make", "a:b:c", "a:B-v0"])
def test_what_is_no_name_of_code_is_refused_before_anything_is_imported(spec):
    assert not names_code(spec)
    before = set(sys.modules)
    with pytest.raises(ConfigurationError, match='must be "module:attribute"'):
        load_object(spec, "environment")
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    "word",
    [
        "driver=evil:Robot",
        'driver="evil:Robot"',
        r'driver="evil\u003aRobot"',
        'driver= "evil:Robot" ',
        'driver=["evil:Robot"]',
        'driver={"a": {"b": ["evil:Robot"]}}',
        'driver={"evil:Robot": 1}',
        "evil:Robot",
        "evil:Robot-v0",
        "url=http://10.0.0.1:5000",
        r'url="http:\u002f/10.0.0.1"',
        "hf://evil/repo",
    ],
)
def test_what_a_file_names_is_followed_only_if_the_user_says_so(word):
    for content in ({"env_kwargs": ["limit=3", word]}, {"policy": word}):
        with pytest.raises(ConfigurationError, match=r"config\.json names .*add --trust, or say"):
            refuse_code(content, "config.json", trust=False)
        refuse_code(content, "config.json", trust=True)
        refuse_code(content, "config.json", trust=False, given=[word])


@pytest.mark.parametrize("word", ["Lift", "horizon=20", "robots=UR5e", "a={}", "task=/a/b.yaml"])
def test_plain_settings_of_a_file_are_followed(word):
    refuse_code({"env_kwargs": [word], "policy": word, "algo": None}, "config.json", trust=False)
