"""Divergence of an agent: weights or a replay buffer that hold NaN or infinity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer

from zprl_env.errors import ZprlError
from zprl_env.training.agents.jax_state import is_jax, named_arrays

REPLAY = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class DivergedError(ZprlError):
    """An agent's weights, or what it learns from, are no longer finite."""


def check_agent(model: BaseAlgorithm) -> None:
    """Refuse an agent of which nothing can be kept.

    Args:
        model: The agent.

    Raises:
        DivergedError: A weight, or a number of its optimisers, is NaN or infinite; the error names
            the first.
    """
    for name, value in _numbers(model):
        finite = torch.isfinite(value) if isinstance(value, torch.Tensor) else np.isfinite(value)
        if not bool(finite.all()):
            raise DivergedError(
                f"Expected an agent of finite weights. Got: NaN or infinity in {name}. It diverged."
            )


def check_replay(buffer: ReplayBuffer) -> None:
    """Refuse a replay buffer that would spoil whoever learns from it.

    Args:
        buffer: The buffer.

    Raises:
        DivergedError: A number in it is NaN or infinite; the error says of what and when.
    """
    for name in REPLAY if buffer.size() else ():
        filled = getattr(buffer, name)[: buffer.size()]
        finite = np.isfinite(filled.reshape(len(filled), -1)).all(axis=1)
        if not finite.all():
            raise DivergedError(
                f"Expected a replay buffer of finite numbers. Got: NaN or infinity in "
                f"{name}[{int(np.argmin(finite))}] of {buffer.size()}."
            )


def _numbers(model: BaseAlgorithm) -> Iterator[tuple[str, Any]]:
    """List an agent's floating-point tensors or arrays by name."""
    if is_jax(model):
        yield from (pair for pair in named_arrays(model).items() if pair[1].dtype.kind == "f")
        return
    found: list[tuple[str, Any]] = [*model.get_parameters().items()]
    found.append(("log_ent_coef", getattr(model, "log_ent_coef", None)))
    while found:
        name, value = found.pop()
        if isinstance(value, dict):
            found += [(f"{name}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, torch.Tensor) and value.is_floating_point():
            yield name, value
