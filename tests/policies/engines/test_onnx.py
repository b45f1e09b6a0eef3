import dataclasses
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import policies
from policies.checkpoints.output import package_version
from policies.engines.onnx import session
from policies.errors import MissingExtraError
from policies.frozen import FrozenPolicy

LIFT = Path(policies.__file__).parent / "pretrained" / "lift"


def test_without_the_extra_it_says_what_to_install(model, metadata, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[onnx\]"$'):
        FrozenPolicy(model, metadata, engine="onnx")


@pytest.fixture(scope="module")
def _installed():
    for name in ("onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="needs the onnx extra")


@pytest.fixture(scope="module")
def lift(_installed):
    return FrozenPolicy.load(LIFT, "onnx")


def test_it_equals_torch_at_any_batch(lift, assert_equal):
    for size in (1, 3, 32):
        assert_equal(lift, FrozenPolicy.load(LIFT, "torch"), size)


def test_a_copy_is_equal_to_the_bit(lift):
    other = pickle.loads(pickle.dumps(lift))
    job = (np.ones((1, 8)), np.ones((1, 16, 7)))
    assert other.decode(*job).tobytes() == lift.decode(*job).tobytes()


def test_a_graph_says_which_version_has_made_it(lift):
    for content in lift._engine.__getstate__():
        facts = session(content).get_modelmeta().custom_metadata_map
        assert facts == {"zprl_env_version": package_version()}


@pytest.mark.usefixtures("_installed")
def test_it_knows_the_u_net(small_config, frozen, assert_equal):
    config = dataclasses.replace(small_config, head="unet", unet_channels=(8,), n_euler_steps=1)
    assert_equal(frozen(config, "onnx"), frozen(config, "torch"), 3)
