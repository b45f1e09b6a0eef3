"""A fitted bottleneck is stored with whose it is, and refused with another policy."""

from __future__ import annotations

import json

import numpy as np
import pytest

import policies.foreign as foreign
from policies import load_policy
from policies.errors import CheckpointError
from policies.foreign.testing import LineGenerator


def test_it_is_stored_without_the_policy_and_loaded_with_it(fitted, tmp_path):
    foreign.save(fitted, tmp_path / "fit")
    loaded = foreign.load(tmp_path / "fit", LineGenerator(2, 2))
    shown = np.ones((3, 2), np.float32)
    for one, other in zip(loaded.encode(shown), fitted.encode(shown), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.weights_hash == fitted.bottleneck.weights_hash
    stored = (tmp_path / "fit" / "policy.safetensors").stat().st_size
    assert stored < 20_000


def test_another_policy_is_refused_by_its_weights(fitted, tmp_path):
    foreign.save(fitted, tmp_path / "fit")
    with pytest.raises(CheckpointError, match="was fitted onto a policy with the weights"):
        foreign.load(tmp_path / "fit", LineGenerator(2, 2, seed=1))


def test_a_policy_that_acts_otherwise_than_it_did_is_refused(fitted, tmp_path):
    class Twice(LineGenerator):
        def generate(self, condition, noise):
            return 2.0 * super().generate(condition, noise)

    foreign.save(fitted, tmp_path / "fit")
    with pytest.raises(CheckpointError, match="must act as it did when its bottleneck was fitted"):
        foreign.load(tmp_path / "fit", Twice(2, 2))


def test_no_code_is_imported_that_a_file_names(fitted, tmp_path):
    foreign.save(fitted, tmp_path / "fit", address="os:getcwd")
    with pytest.raises(CheckpointError, match=r"of your own. Give it: policies\.foreign\.load"):
        load_policy(tmp_path / "fit")


@pytest.mark.parametrize("key", ["bottleneck", "generator"])
def test_a_damaged_description_is_told(fitted, tmp_path, key):
    foreign.save(fitted, tmp_path / "fit")
    file = tmp_path / "fit" / "policy.json"
    content = json.loads(file.read_text())
    content[key] = {"hidden_dims": "many"} if key == "bottleneck" else None
    file.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="Fit it again"):
        foreign.load(tmp_path / "fit", LineGenerator(2, 2))


def test_a_policy_without_a_bottleneck_is_not_saved(tmp_path):
    with pytest.raises(CheckpointError, match="a policy without one"):
        foreign.save(foreign.ForeignPolicy(LineGenerator(2, 2)), tmp_path / "fit")
