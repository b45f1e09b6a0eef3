"""The global generators, written down as JSON and put back."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch

from zprl_env.training.run.randomness import capture, restore


@pytest.fixture(autouse=True)
def _left_as_they_were():
    before = capture()
    yield
    restore(before)


def draw() -> list[float]:
    return [
        random.random(),
        random.gauss(0.0, 1.0),
        np.random.normal(),  # noqa: NPY002
        torch.randn(3).sum().item(),
    ]


def test_what_was_drawn_is_drawn_again_after_a_journey_through_json():
    random.gauss(0.0, 1.0)  # which keeps a second number for the next call
    np.random.normal()  # noqa: NPY002  # and so does numpy
    state = json.loads(json.dumps(capture()))
    first = [draw() for _ in range(3)]
    restore(state)
    assert [draw() for _ in range(3)] == first


def test_capturing_draws_nothing():
    state = capture()
    assert capture() == state


@pytest.mark.parametrize("missing", ["python", "numpy", "torch"])
def test_half_a_state_is_refused(missing):
    state = {name: value for name, value in capture().items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        restore(state)
