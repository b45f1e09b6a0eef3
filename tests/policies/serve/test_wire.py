"""Messages arrive as they were sent, whatever they hold."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from policies.serve import wire


@pytest.mark.parametrize(
    "arrays",
    [
        None,
        {"a": np.zeros((2, 0), np.float32)},
        {"a": np.arange(6, dtype=np.uint8).reshape(2, 3)[:, ::2], "b": np.float64(3.0)},
    ],
)
def test_arrays_arrive_with_type_and_shape(arrays):
    one, other = socket.socketpair()
    with one, other:
        wire.send(one, 3, {"x": [1, None, "é"]}, arrays)
        message = wire.receive(other)
    assert (message.number, message.said) == (3, {"x": [1, None, "é"]})
    for name, array in (arrays or {}).items():
        np.testing.assert_array_equal(message.arrays[name], array)
        assert message.arrays[name].dtype == np.asarray(array).dtype


def test_what_is_too_long_is_refused_before_it_is_read():
    one, other = socket.socketpair()
    with one, other:
        wire.send(one, 1, {}, {"a": np.zeros(1000)})
        with pytest.raises(wire.WireError, match="at most 16,777,216 and 100 bytes"):
            wire.receive(other, most=100)
