"""Parts of an encoding that only some policies have."""

# mypy: disable-error-code="func-returns-value, arg-type"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from policies.encoding import (
    ContextEncoding,
    Encoding,
    context_of,
    decode,
    encode_alone,
    noise_shape,
    remembers,
    takes_context,
)


def test_a_context_is_handed_on_only_where_there_is_one():
    policy = SimpleNamespace(decode=lambda *given: len(given))
    plain = Encoding(*(np.zeros((1, 2)) for _ in range(3)))
    assert decode(policy, plain.mean, plain.mean, context_of(plain)) == 2
    with_one = ContextEncoding(*plain, "tokens")
    assert decode(policy, plain.mean, plain.mean, context_of(with_one)) == 3
    assert not takes_context(policy)


def test_a_policy_that_remembers_is_asked_as_at_the_beginning_of_an_episode():
    told: list[object] = []
    policy = SimpleNamespace(
        reset=told.append, encode=lambda seen, indices: told.append(indices) or len(indices)
    )
    assert remembers(policy)
    assert encode_alone(policy, {"state": np.zeros((3, 1))}) == 3
    assert told == [[0, 1, 2], [0, 1, 2]]
    assert encode_alone(SimpleNamespace(encode=len), np.zeros((4, 1))) == 4


def test_noise_has_the_shape_of_a_chunk_unless_said():
    assert noise_shape(SimpleNamespace(horizon=4, action_dim=2)) == (4, 2)
    assert noise_shape(SimpleNamespace(horizon=4, action_dim=2, noise_shape=[5, 3])) == (5, 3)
