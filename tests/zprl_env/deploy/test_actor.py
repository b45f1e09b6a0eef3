"""An actor in numpy: what it computes, and what it refuses to be made of."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.deploy.actor import KINDS, Actor, Layer
from zprl_env.errors import CheckpointError


def array(*values: float) -> np.ndarray:
    return np.array(values)


LAYERS = [
    Layer(
        "standardize",
        {"mean": array(1, 2), "std": array(2, 4), "gain": array(1, 3), "shift": array(0, 1)},
    ),
    Layer("linear", {"weight": np.array([[1.0, 1.0], [0.0, -1.0]]), "bias": array(0.5, 0)}),
    Layer("relu"),
    Layer("layer_norm", {"gain": array(1.5, 1), "shift": array(1, 1)}),
    Layer("clip", {"low": array(-3), "high": array(3)}),
    Layer("tanh"),
]


def test_it_is_its_layers_one_after_the_other():
    # (3, 2) becomes (1, 1), then (2.5, -1), (2.5, 0), (1, -1) and with gain and shift (2.5, 0).
    actions = Actor(LAYERS)(np.array([[3.0, 2.0]], np.float32))
    np.testing.assert_allclose(actions, [[np.tanh(2.5), 0.0]], atol=1e-5)
    assert actions.dtype == np.float32


def test_every_kind_of_layer_is_tested_above():
    assert {layer.kind for layer in LAYERS} == {*KINDS}


def test_it_comes_back_from_its_arrays():
    actor = Actor(LAYERS)
    again = Actor.from_arrays(actor.kinds, actor.to_arrays())
    observations = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(again(observations), actor(observations))


@pytest.mark.parametrize(
    ("kinds", "arrays", "message"),
    [
        (["conv"], {}, r"layer 0 of an actor must be linear or .*\. Got: 'conv' with none"),
        (["linear"], {"0.weight": np.eye(2)}, "Got: 'linear' with weight"),
        (["tanh"], {"0.weight": np.eye(2)}, "Got: 'tanh' with weight"),
        (["tanh"], {"1.weight": np.eye(2)}, r"of 1 layers must have arrays of these\. Got: '1.w"),
        (["tanh"], {"weight": np.eye(2)}, "Got: 'weight'"),
        (["clip"], {"0.low": array(np.nan), "0.high": array(1)}, "must be finite"),
    ],
)
def test_what_makes_no_actor_is_refused(kinds, arrays, message):
    with pytest.raises(CheckpointError, match=message):
        Actor.from_arrays(kinds, arrays)
