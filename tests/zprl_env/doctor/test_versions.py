"""What is installed is compared with what is asked for and with what was tested."""

import platform

from packaging.requirements import Requirement

from zprl_env import __version__
from zprl_env.doctor import versions


def test_versions_are_compared_with_what_is_needed_and_tested():
    tested = versions.tested_versions()
    assert tested["numpy"]
    found = versions.installed("numpy")
    needed = versions._library(Requirement("numpy>=999"), "", "")
    assert (needed.state, needed.text) == ("warning", f"{found}, needed >=999")
    assert versions._library(Requirement("numpy"), "", "0.1").text == f"{found} (tested: 0.1)"
    assert versions._library(Requirement("numpy"), "", found).text == found
    absent = versions._library(Requirement("not-there>=2"), "", "")
    assert (absent.state, absent.advice) == ("broken", 'pip install "not-there>=2"')


def test_what_is_asked_for_in_any_case_is_not_told_again_with_an_extra():
    always = versions.required()
    assert {"numpy", "gymnasium", "torch"} <= always.keys()
    extra = versions.required("metaworld")
    assert "metaworld" in extra
    assert not always.keys() & extra.keys()


def test_extras_are_those_that_bring_something_to_run():
    assert {"robosuite", "metaworld", "adroit"} <= {*versions.extras()}
    assert not {"all", "dev"} & {*versions.extras()}


def test_everything_is_told_once():
    names = [finding.name for finding in versions.findings()]
    assert names[:2] == ["python", "zprl-env"]
    assert len(names) == len({*names})


def test_python_and_this_package_have_their_versions():
    python, package, *_ = versions.findings()
    assert python.text.startswith(platform.python_version())
    assert package.text.startswith(__version__)
