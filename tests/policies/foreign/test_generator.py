"""What is no generator is refused, and every fault is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from policies.errors import PolicyMismatchError
from policies.foreign import ForeignPolicy
from policies.foreign.generator import batch_of
from policies.foreign.testing import LineGenerator


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"horizon": 2.5}, "horizon must be an integer of at least 1, got 2.5"),
        ({"n_action_steps": 5}, "n_action_steps must be at most the horizon 4, got 5"),
        ({"noise_shape": (4,)}, "noise_shape must be two sizes, rows and numbers, got"),
        ({"embed": None}, "embed is missing"),
        ({"latent_dim": 2}, r"latent_dim needs summarize\(condition\), which is missing"),
        ({"condition_dim": None, "observation_dim": None}, "must say condition_dim"),
    ],
)
def test_what_is_no_generator_is_refused_by_name(changed, told):
    generator = LineGenerator(2, 2)
    for name, value in changed.items():
        setattr(generator, name, value)
        if value is None and name == "observation_dim":
            del generator.observation_dim
    with pytest.raises(PolicyMismatchError, match=told):
        ForeignPolicy(generator)


def test_a_class_in_place_of_an_instance_is_told():
    with pytest.raises(PolicyMismatchError, match=r"give an instance, LineGenerator\(...\)"):
        ForeignPolicy(LineGenerator)


def test_arrays_become_tensors_unless_the_generator_observes_by_itself():
    shown: dict[str, np.ndarray] = {
        "state": np.zeros((2, 3), np.float32),
        "top": np.zeros((2, 4, 4, 3), np.uint8),
    }
    batch = batch_of(LineGenerator(2, 2), shown)
    assert {name: part.dtype for name, part in batch.items()} == {
        "state": torch.float32,
        "top": torch.uint8,
    }
    generator = LineGenerator(2, 2)
    generator.observe = lambda observations: sorted(observations)  # type: ignore[attr-defined]
    assert batch_of(generator, shown) == ["state", "top"]
