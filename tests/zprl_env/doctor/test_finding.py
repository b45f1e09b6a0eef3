"""A finding names neither users nor their folders."""

import sys
from pathlib import Path

import pytest

import zprl_env
from zprl_env.doctor.finding import Finding, without_private_paths

PACKAGE = Path(zprl_env.__file__).parents[1]


def test_the_folders_of_python_and_of_the_package_have_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/srv/ada")
    text = f"{sys.prefix}/lib {PACKAGE}/zprl_env {tmp_path}/runs /srv/ada/demos"
    assert without_private_paths(text) == "<python>/lib <package>/zprl_env ./runs ~/demos"


@pytest.mark.parametrize("text", ["/homework", "/rooted/a", "/etc/home/x", "a /root-like b"])
def test_what_only_looks_like_a_home_stays(text):
    assert without_private_paths(text) == text


def test_text_and_traceback_are_both_cleaned_and_the_rest_is_not():
    found = Finding("x", "broken", "at /home/ada/x", "see /home", "in /Users/ada/y.py")
    assert (found.text, found.trace, found.advice) == ("at ~/x", "in ~/y.py", "see /home")
