"""Every error on purpose is a ZprlError, so that a command line can print it as one line."""

import pytest

from policies import errors
from policies.errors import ConfigurationError, MissingExtraError, ZprlError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_one_root_catches_all(kind):
    assert issubclass(kind, ZprlError)
    assert kind.__doc__


def test_an_impossible_setting_is_a_value_error_for_those_who_know_only_python_s():
    with pytest.raises(ValueError, match=r"steps must be positive\. Got: 0\."):
        raise ConfigurationError("steps must be positive. Got: 0.")


def test_what_is_not_installed_is_told_with_the_command_that_installs_it():
    with pytest.raises(ZprlError) as caught:
        raise MissingExtraError("minari", "minari")
    assert str(caught.value).endswith(
        'is needed and not installed; run: pip install "zprl-env[minari]"'
    )
