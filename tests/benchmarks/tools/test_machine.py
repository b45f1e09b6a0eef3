"""A figure comes with the machine it was measured on."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version

from benchmarks.tools import machine


def test_it_names_processor_python_and_packages():
    found = json.loads(json.dumps(machine.machine()))
    assert found["python"] == platform.python_version()
    assert found["cores"] >= 1
    assert found["numpy"] == version("numpy")
    assert {"processor", "load_average", "system"} <= found.keys()


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    monkeypatch.setattr(machine, "PACKAGES", ("numpy", "no_such_package_at_all"))
    assert "no_such_package_at_all" not in machine.machine()
