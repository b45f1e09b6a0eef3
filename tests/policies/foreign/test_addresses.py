"""Names of policies from elsewhere: addresses, and code that the user names."""

from __future__ import annotations

import pytest

from policies.errors import ConfigurationError
from policies.foreign.addresses import is_address, made_generator, names_code
from policies.foreign.testing import LineGenerator


@pytest.fixture
def lab(tmp_path, monkeypatch):
    (tmp_path / "some_lab.py").write_text(
        "from policies.foreign import ForeignPolicy\n"
        "from policies.foreign.testing import LineGenerator\n"
        "class Own(LineGenerator):\n    def __init__(self):\n        super().__init__(2, 2)\n"
        "def make():\n    return Own()\n"
        "def policy():\n    return ForeignPolicy(Own())\n"
        "ready = Own()\n"
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["make", "Own", "policy", "ready"])
def test_a_name_of_code_leads_to_a_generator(lab, name):
    assert isinstance(made_generator(f"some_lab:{name}"), LineGenerator)


@pytest.mark.parametrize("name", ["no_lab:make", "some_lab:nothing"])
def test_a_name_that_leads_nowhere_is_told(lab, name):
    with pytest.raises(ConfigurationError, match=f"module:callable that .* Got: {name}"):
        made_generator(name)


def test_kinds_of_names():
    assert is_address("lerobot:a/b")
    assert not names_code("lerobot:last")
    assert not names_code("runs/base")
