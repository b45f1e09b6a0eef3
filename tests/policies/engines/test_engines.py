import copy
import dataclasses
import pickle

import numpy as np
import pytest

from policies.checkpoints.output import package_version
from policies.engines import make_engine
from policies.engines.torch import TorchEngine
from policies.errors import ConfigurationError
from policies.frozen import FrozenPolicy


def test_an_unknown_engine_is_refused_with_those_there_are(model, metadata, policy, tmp_path):
    message = r"engine must be one of numba, torch, onnx\. Got: 'tpu'\."
    with pytest.raises(ConfigurationError, match=message):
        FrozenPolicy(model, metadata, engine="tpu")
    policy.save(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        FrozenPolicy.load(tmp_path, engine="tpu")


@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_an_engine_changes_nothing_that_is_saved(engine, small_config, frozen, tmp_path):
    policy = frozen(small_config, engine)
    policy.save(tmp_path)
    loaded = FrozenPolicy.load(tmp_path, "torch")
    assert loaded.weights_hash == policy.weights_hash
    assert loaded.metadata == policy.metadata | {"zprl_env_version": package_version()}


@pytest.mark.parametrize("engine", ["numba", "torch"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copy_is_equal_to_the_bit(duplicate, engine, small_config, frozen):
    policy = frozen(small_config, engine)
    other = duplicate(policy)
    latents, noise = np.ones((1, 3)), np.ones((1, 4, 2))
    assert other.decode(latents, noise).tobytes() == policy.decode(latents, noise).tobytes()
    assert other.weights_hash == policy.weights_hash


def test_a_head_that_an_engine_does_not_know_is_torchs(small_config, frozen, assert_equal):
    config = dataclasses.replace(small_config, head="unet", unet_channels=(8, 16))
    policy = frozen(config, "numba")
    assert isinstance(make_engine("numba", policy._model), TorchEngine)
    assert_equal(policy, frozen(config, "torch"), 1)
