import subprocess
import sys

import pytest

import policies


def imports_torch(statement):
    code = f"import sys; {statement}; sys.exit('torch' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


@pytest.mark.parametrize(
    "statement",
    [
        "import policies",
        "from policies import Encoding, ZprlError",
        "from policies.demonstrations import Demonstrations",
        "from policies.imitation.config import PretrainConfig",
    ],
)
def test_what_needs_no_torch_imports_none(statement):
    assert not imports_torch(statement)


def test_the_policy_does():
    assert imports_torch("from policies import FrozenPolicy")


def test_every_public_name_is_there():
    assert all(getattr(policies, name) is not None for name in policies.__all__)
    assert dir(policies) == policies.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'policies' has no attribute 'Policy'"):
        policies.Policy  # noqa: B018
