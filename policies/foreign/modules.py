"""Modules of torch in an object: found, put into evaluation mode, detached from learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from policies.checkpoints.tensor_file import arrays_hash


def modules_in(thing: Any) -> list[nn.Module]:
    """List the modules that an object is or holds as attributes.

    >>> [type(module).__name__ for module in modules_in(nn.Linear(1, 1))]
    ['Linear']
    """
    if isinstance(thing, nn.Module):
        return [thing]
    held = getattr(thing, "__dict__", {}).values()
    return [part for part in held if isinstance(part, nn.Module)]


def freeze(thing: Any) -> None:
    """Put an object's modules into evaluation mode; their parameters ask for no gradients."""
    for module in modules_in(thing):
        module.eval().requires_grad_(False)


def generator_hash(generator: Any) -> str:
    """Compute the SHA-256 of a generator's weights and buffers."""
    tensors: dict[str, np.ndarray] = {}
    for index, module in enumerate(modules_in(generator)):
        for name, tensor in module.state_dict().items():
            values = tensor.detach().cpu()
            if values.dtype.is_floating_point:
                values = values.float()
            tensors[f"{index}.{name}"] = values.numpy()
    return arrays_hash(tensors)
