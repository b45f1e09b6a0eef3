"""A tensor file's header is read before its tensors, and they are finite."""

import json

import numpy as np
import pytest
import safetensors.numpy

from policies.checkpoints.tensor_file import Stored, check_finite, check_shapes, read_header
from policies.errors import CheckpointError

ARRAYS = {"a": np.ones((2, 3), np.float32), "b": np.arange(4)}


@pytest.fixture
def path(tmp_path):
    safetensors.numpy.save_file(ARRAYS, tmp_path / "x.safetensors", {"note": "mine"})
    return tmp_path / "x.safetensors"


def test_the_header_says_types_and_shapes(path):
    assert read_header(path) == {"a": Stored("F32", (2, 3)), "b": Stored("I64", (4,))}
    assert read_header(path) == {name: Stored.of(array) for name, array in ARRAYS.items()}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        (2**63).to_bytes(8, "little"),
        (2**40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{}" + b"more",
        *(
            len(text).to_bytes(8, "little") + text
            for text in (
                b"[" * 100_000,
                *(
                    json.dumps({"a": entry}).encode()
                    for entry in (
                        None,
                        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
                        {"dtype": "F32", "shape": "2", "data_offsets": [0, 4]},
                        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
                        {"dtype": "F32", "shape": [1], "data_offsets": []},
                    )
                ),
            )
        ),
    ],
)
def test_a_header_that_is_none_is_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.safetensors must be"):
        read_header(path)


def test_what_the_description_does_not_ask_for_is_named(path):
    header = {"a": Stored("I32", (2,)), "b": Stored("F32", (3,))}
    check_shapes({"b": (3,)}, {"b": Stored("F32", (3,))}, path)
    with pytest.raises(CheckpointError, match=r"'a' in .* must be F32 \(2,\) .*Got: I32 \(2,\)"):
        check_shapes({"a": (2,), "b": (3,)}, header, path)
    with pytest.raises(CheckpointError, match=r"'c' in .* must be F32 \(1,\) .*Got: absent"):
        check_shapes({"b": (3,), "c": (1,)}, {"b": header["b"]}, path)
    with pytest.raises(CheckpointError, match=r"'a' in .* must be absent"):
        check_shapes({"b": (3,)}, header, path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad, path):
    arrays = {"a": np.array([1.0, bad], np.float32), "n": np.arange(3)}
    with pytest.raises(CheckpointError, match=r"'a' in .* must be finite\. Got NaN.*1 of 2"):
        check_finite(arrays, path)
    if not np.isnan(bad):
        check_finite(arrays, path, infinite=True)
