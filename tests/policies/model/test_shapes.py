"""Sizes say the tensors' shapes, as the model itself has them."""

import dataclasses

import pytest
import torch

from policies.model.config import VibFlowConfig
from policies.model.shapes import tensor_shapes
from policies.model.vib_flow import VibFlow


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"encoder_hidden_dims": (), "bottleneck_hidden_dims": (3, 5), "n_blocks": 4},
        {"head": "unet", "unet_channels": (8,)},
        {"head": "unet", "unet_channels": (8, 16, 16)},
        {"head": "unet", "unet_channels": (8, 16), "action_dim": 8},
    ],
)
def test_they_are_the_model_s(changes, small_config: VibFlowConfig):
    config = dataclasses.replace(small_config, **changes)
    with torch.device("meta"):
        tensors = VibFlow(config).state_dict()
    assert tensor_shapes(config) == {name: tuple(t.shape) for name, t in tensors.items()}
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}
