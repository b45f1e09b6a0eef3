"""The figures of source files are counted as they are defined."""

from __future__ import annotations

import pytest

from benchmarks.house.source import Checkout
from zprl_env.errors import ZprlError


@pytest.fixture
def checkout(tmp_path):
    files = {
        "policies/__init__.py": '"""Documented."""\n',
        "policies/model.py": (
            '"""A model."""\n'
            "class Model:\n"
            "    def act(self):\n"
            '        """Act."""\n'
            "        return 1\n"
            "    def _own(self): ...\n"
        ),
        "policies/engines/torch.py": "def load(): ...\n",
        "policies/engines/__main__.py": "",
        "train_sb3.py": "",
        "tests/policies/test_model.py": "\n\n\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Checkout(tmp_path)


def test_modules_are_named_as_they_are_imported(checkout):
    assert list(checkout.modules) == [
        "policies",
        "policies.engines.__main__",
        "policies.engines.torch",
        "policies.model",
        "train_sb3",
    ]
    assert checkout.modules["policies.model"].lines == 6


def test_the_largest_folder_is_counted_with_its_init(checkout):
    assert checkout.largest_folder("policies") == (2, "policies/engines") or (2, "policies")
    assert checkout.largest_folder("real") == (0, "real")


def test_the_longest_function_comes_first(checkout):
    assert checkout.functions()[0] == (3, "act (model.py)")


def test_public_names_without_a_docstring_are_counted(checkout):
    # Documented: policies, policies.model, act. Not: Model, load, and three modules.
    assert checkout.documented() == (3, 8)


def test_mirrors_lie_at_the_same_path_and_doors_need_none(checkout):
    assert checkout.mirrored("policies") == (1, 2)
    assert checkout.test_lines() == 3


def test_something_else_is_no_checkout(tmp_path):
    with pytest.raises(ZprlError, match=r"Expected a checkout of this project.* Got: "):
        Checkout(tmp_path)
