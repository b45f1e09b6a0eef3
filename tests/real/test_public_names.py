"""What users need is imported from the package itself, and costs nothing before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import real


@pytest.mark.parametrize("name", real.__all__)
def test_every_public_name_is_there_documented_and_listed(name):
    found = getattr(real, name)
    assert found.__name__ == name
    assert found.__doc__
    assert name in dir(real)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'real' has no attribute 'RealRobot'"):
        _ = real.RealRobot


def test_importing_the_package_imports_nothing_of_it():
    code = "import sys, real; print(*[m for m in sys.modules if m.startswith(('real.', 'pydan'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
