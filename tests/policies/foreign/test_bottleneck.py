"""A fitted bottleneck standardises the condition, and is made again of its arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from policies.errors import CheckpointError
from policies.foreign.bottleneck import FittedBottleneck


@pytest.fixture
def fitted():
    torch.manual_seed(0)
    conditions = torch.randn(50, 3) * torch.tensor([1.0, 100.0, 0.0]) + 7.0
    made = FittedBottleneck(3, 2, (8,))
    made.standardise_by(conditions)
    made.measure_latent(conditions)
    return made, conditions


def test_a_condition_that_never_changes_has_span_one(fitted):
    made, conditions = fitted
    standard = made.standard(conditions)
    torch.testing.assert_close(standard.std(0, correction=0), torch.tensor([1.0, 1.0, 0.0]))
    assert made.span[2] == 1.0


def test_it_is_the_same_made_of_its_arrays(fitted):
    made, conditions = fitted
    again = FittedBottleneck.of_arrays(made.sizes(), made.arrays(), "here")
    torch.testing.assert_close(again.encode(conditions).mean, made.encode(conditions).mean)
    assert again.weights_hash == made.weights_hash
    assert made.covariance is not None
    np.testing.assert_allclose(np.asarray(again.covariance), made.covariance, atol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "shape", "left over", "sizes"])
def test_damage_is_told(fitted, damage):
    made, _ = fitted
    sizes, arrays = made.sizes(), made.arrays()
    if damage == "missing":
        del arrays["latent.mean"]
    elif damage == "shape":
        arrays["shift"] = np.zeros(5, np.float32)
    elif damage == "left over":
        arrays["other"] = np.zeros(1, np.float32)
    else:
        sizes["hidden_dims"] = "many"
    with pytest.raises(CheckpointError, match="here must hold a bottleneck's tensors and sizes"):
        FittedBottleneck.of_arrays(sizes, arrays, "here")
