"""A checkpoint of any class: tensors and description are of one piece, and written whole."""

import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

from policies.checkpoints.contents import (
    arrays_hash,
    check_hash,
    read_arrays,
    read_contents,
    save_checkpoint,
)
from policies.errors import CheckpointError

WEIGHTS: dict[str, np.ndarray] = {"b": np.arange(3, dtype=np.float32), "a": np.ones((1, 2))}


def test_the_hash_is_over_names_types_shapes_and_bytes_in_order():
    digest = hashlib.sha256()
    for name in ("a", "b"):
        array = WEIGHTS[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
    assert arrays_hash(WEIGHTS) == digest.hexdigest()
    assert arrays_hash({"a": WEIGHTS["a"].T}) != arrays_hash({"a": WEIGHTS["a"]})


def test_what_is_saved_is_read_again_and_names_its_class(tmp_path):
    save_checkpoint(tmp_path, "Mine", WEIGHTS, {"gain": 3.0, "class": "Other"})
    contents = read_contents(tmp_path)
    assert (contents.class_name, contents.metadata["gain"]) == ("Mine", 3.0)
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(contents.weights[name], array, strict=True)
    check_hash(contents)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["policy.json", "policy.safetensors"]


def test_tensors_of_another_checkpoint_are_found_by_their_hash(tmp_path):
    save_checkpoint(tmp_path, "Mine", WEIGHTS, {})
    other = WEIGHTS | {"a": np.zeros((1, 2))}
    safetensors.numpy.save_file(other, tmp_path / "policy.safetensors")
    with pytest.raises(CheckpointError, match=rf"must be '{arrays_hash(other)}'.*copy both"):
        check_hash(read_contents(tmp_path))


def test_what_is_not_json_is_refused_before_anything_is_replaced(tmp_path):
    save_checkpoint(tmp_path, "Mine", WEIGHTS, {"gain": 1.0})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match="metadata must be plain JSON values"):
        save_checkpoint(tmp_path, "Mine", {}, {"gain": float("inf")})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_type_that_numpy_does_not_have_is_told(tmp_path):
    header = json.dumps({"x": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    path = tmp_path / "policy.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(CheckpointError, match=r"policy\.safetensors must"):
        read_arrays(path)
