"""Loading a LeRobot policy by its address."""

import importlib.util

import pytest

from policies.errors import CheckpointError
from policies.foreign.addresses import is_address, load_generator
from tests.helpers.lerobot_checkpoints import write


def test_its_address_is_one_of_a_policy_from_elsewhere(tmp_path):
    assert is_address(f"lerobot:{tmp_path}")


@pytest.mark.skipif(importlib.util.find_spec("lerobot") is not None, reason="LeRobot is here")
def test_without_lerobot_the_error_names_its_interpreter(tmp_path):
    folder = write(tmp_path / "policy")
    with pytest.raises(CheckpointError, match="--policy-python PATH_TO_ITS_PYTHON"):
        load_generator(f"lerobot:{folder}")


def test_a_damaged_checkpoint_is_refused_before_lerobot_is_asked_for(tmp_path):
    folder = write(tmp_path / "policy")
    (folder / "policy_postprocessor.json").unlink()
    with pytest.raises(CheckpointError, match=r"Got: no policy_postprocessor\.json"):
        load_generator(f"lerobot:{folder}")
