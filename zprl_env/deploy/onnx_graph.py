"""A steered policy as one ONNX graph: observation or frames and noise in, action chunk out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.checkpoints import model as checkpoint
from policies.engines.onnx import graph, observation_inputs, session
from policies.model.vib_flow import VibFlow
from policies.pictures.settings import STATE
from zprl_env.deploy.actor import LAYER_NORM, Layer
from zprl_env.deploy.steered_policy import SteeredPolicy
from zprl_env.errors import CheckpointError, ZprlError
from zprl_env.loading.steered_files import ONNX_FILE, base_folder
from zprl_env.seeing import batches
from zprl_env.steering.base import policy_generator


class _Step(nn.Module):
    """One layer of an actor as a torch module."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.kind, self.names = layer.kind, list(layer.arrays)
        for name, array in layer.arrays.items():
            self.register_buffer(name, torch.tensor(array, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        a: dict[str, Tensor] = {name: getattr(self, name) for name in self.names}
        if self.kind == "linear":
            return nn.functional.linear(x, a["weight"], a["bias"])
        if self.kind == "standardize":
            return (x - a["mean"]) / a["std"] * a["gain"] + a["shift"]
        if self.kind == "layer_norm":
            return nn.functional.layer_norm(x, x.shape[-1:], a["gain"], a["shift"], LAYER_NORM)
        if self.kind == "clip":
            return torch.clamp(x, a["low"], a["high"])
        return {"relu": torch.relu, "tanh": torch.tanh}[self.kind](x)


class SteeredNetwork(nn.Module):
    """A :class:`~zprl_env.deploy.steered_policy.SteeredPolicy` as one torch network.

    Args:
        model: The base policy.
        steered: Agent and steering; it acts from the latent's mean.
    """

    low: Tensor
    high: Tensor
    start: Tensor

    def __init__(self, model: VibFlow, steered: SteeredPolicy) -> None:
        super().__init__()
        self.model, self.actor = model, nn.Sequential(*map(_Step, steered.actor.layers))
        # The same formula as numpy's, with its constants as tensors.
        self.steering = copy(steered.steering)
        for name in self.steering.constants:
            value = torch.tensor(getattr(steered.steering, name), dtype=torch.float32)
            setattr(self.steering, name, value)
        self.register_buffer("start", torch.tensor(steered.steering.start)[None])
        for name, array in zip(("low", "high"), steered.bounds, strict=True):
            self.register_buffer(name, torch.tensor(array, dtype=torch.float32))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Map observations to chunks.

        Args:
            inputs: Observations of shape ``(B, O)``, or what `observation_inputs` names of a policy
                that sees; and, last, N(0, I) of fresh noise, of shape ``(B, H, A)``, unless the
                flow starts from zero or a fixed draw.
        """
        names = [*observation_inputs(self.model)]
        noise = inputs[len(names)] if len(inputs) > len(names) else None
        shown, first = dict(zip(names, inputs, strict=False)), inputs[0]
        features, posterior = self.model.encode(shown if self.model.config.pictures else first)
        parts, kind = [posterior.mean], self.steering.observation
        if kind in ("state", "both"):
            state = shown.get(STATE, first)
            if self.model.config.observation_dim:
                parts.insert(0, self.model.normalizer.observations(state))
        if kind in ("features", "both"):
            parts.insert(0, features)
        action = torch.clamp(self.actor(torch.cat(parts, dim=1)), -1.0, 1.0)
        if noise is None:
            start = self.start.expand(first.shape[0], -1, -1)
        else:
            start = self.steering.flow_noise.temperature * noise
        chunks, _ = self.steering.decode(self.model.decode, action, posterior.mean, start)
        return torch.clamp(chunks, self.low, self.high)


def write_onnx(
    folder: Path, steered: SteeredPolicy, observations: Sequence[Any] | np.ndarray, accuracy: float
) -> None:
    """Write ``steered.onnx`` beside an export, once it has decided as the export does.

    Args:
        folder: The export.
        steered: What it loads as.
        observations: What to decide on, one after another.
        accuracy: How far an action may be off, absolutely or relative to itself.

    Raises:
        CheckpointError: The graph decides differently.
        MissingExtraError: What exports or ONNX Runtime is not installed.
    """
    if getattr(steered.steering, "base_action", False):
        raise ZprlError(
            "an ONNX graph must be of an agent that does not see the base action. Got one that "
            "does. Leave --onnx out."
        )
    model = checkpoint.load(base_folder(folder, steered.metadata)).model
    config, noisy = model.config, steered.steering.flow_noise.by_chance
    batch = batches.stacked(observations)
    arrays: dict[str, np.ndarray] = {}
    inputs: dict[str, tuple[int, ...]] = {"observation": (config.observation_dim,)}
    if isinstance(batch, Mapping):
        inputs = observation_inputs(model)
        arrays |= {name: batch[name] for name in inputs}
    else:
        arrays["observation"] = np.asarray(batch, np.float32)
    chunk = (config.horizon, config.action_dim)
    if noisy:
        inputs["noise"] = chunk
        generator = policy_generator(0)
        draws = [generator.standard_normal(chunk) for _ in observations]
        arrays["noise"] = np.asarray(draws, np.float32)
    content = graph(SteeredNetwork(model, steered), inputs, ["actions"])
    (got,) = session(content).run(None, arrays)
    steered.reset(seed=0)
    expected = np.stack([steered.predict(observation) for observation in observations])
    if not np.allclose(got, expected, rtol=accuracy, atol=accuracy):
        raise CheckpointError(
            f"the ONNX graph must decide as the export does. Got an action that is off by "
            f"{np.abs(got - expected).max():.2g}. This is a defect; please report it."
        )
    (folder / ONNX_FILE).write_bytes(content)
