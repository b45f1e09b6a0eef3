"""Generator of a LeRobot policy of vision and language, SmolVLA, pi0 or pi0.5: by its noise."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from policies.errors import CheckpointError, ConfigurationError
from policies.foreign.lerobot.base import LeRobotGenerator
from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint

STEP_HOMES = {
    "smolvla_new_line_processor": "lerobot.policies.smolvla.processor_smolvla",
    "pi0_new_line_processor": "lerobot.policies.pi0.processor_pi0",
    "pi05_prepare_state_tokenizer_processor_step": "lerobot.policies.pi05.processor_pi05",
    "tokenizer_processor": "lerobot.processor",
}
"""Modules of LeRobot's that register the steps which make tokens."""


class VisionLanguageCondition(NamedTuple):
    """Condition that a policy of vision and language generates from.

    Attributes:
        summary: The normalised states, for an agent. Shape ``(B, C)``.
        batch: What LeRobot's ``predict_action_chunk`` takes.
    """

    summary: Tensor
    batch: dict[str, Tensor]


class VisionLanguageGenerator(LeRobotGenerator):
    """LeRobot's SmolVLA, pi0 or pi0.5, opened at the noise that its flow starts from.

    ``predict_action_chunk`` with the noise is the generator, called once per decision. An agent
    sees the normalised states, which move nothing: steer the noise.

    Args:
        checkpoint: What was read; its address says the task.

    Attributes:
        condition_dim: Size C of what an agent sees.
        noise_shape: Of the flow's start: ``max_action_dim`` wide, wider than an action.

    Raises:
        CheckpointError: It sees no state, or its code takes no noise.
        ConfigurationError: It was not told a task.
    """

    def __init__(self, checkpoint: LeRobotCheckpoint) -> None:
        settings, values = checkpoint.settings, checkpoint.settings.values
        if not checkpoint.address.task:
            raise ConfigurationError(
                f"{settings.kind} must be told what to do. Got: no task. Add it to the address, "
                f"lerobot:{checkpoint.address.place}?task=pick up the cube, in the words that it "
                "was trained with."
            )
        if not settings.states:
            raise CheckpointError(f"{settings.path} must have observation.state, for the agent.")
        if values.get("adapt_to_pi_aloha"):
            raise CheckpointError(
                f"{settings.path} must act in the units of its data. Got: adapt_to_pi_aloha, which "
                "changes its own batch."
            )
        if not any(name == "tokenizer_processor" for name, _ in checkpoint.processors.language):
            raise CheckpointError(
                f"The preprocessor of {settings.path} must make tokens of a task. Got: no "
                "tokenizer_processor. Save it with LeRobot 0.4 or newer."
            )
        self._task = checkpoint.address.task
        super().__init__(checkpoint, checkpoint.build())
        parameters = inspect.signature(self._policy.model.sample_actions).parameters
        if "noise" not in parameters:
            raise CheckpointError(f"The installed LeRobot's {settings.kind} must take noise=.")
        self._steps = [_step(name, config) for name, config in checkpoint.processors.language]
        self.noise_shape = (self.horizon, self._width(values))
        self.condition_dim = int(sum(feature.shape[0] for feature in settings.states))

    def _width(self, values: Mapping[str, Any]) -> int:
        """Return the noise's width: a field of its own, checked against the layer it goes into."""
        said, layer = values.get("max_action_dim"), self._policy.model.action_in_proj.in_features
        if said != layer:
            raise CheckpointError(f"max_action_dim must be {layer}, as its weights. Got: {said!r}.")
        return int(layer)

    def embed(self, batch: Any) -> VisionLanguageCondition:
        """Return what it decides on: states, pictures and the task's tokens."""
        seen = self._seen(batch)
        states = [seen[f.name].flatten(1) for f in self._checkpoint.settings.states]
        transition: dict[str, Any] = {
            "observation": seen,
            "complementary_data": {"task": [self._task] * len(states[0])},
        }
        for step in self._steps:
            transition = step(transition)
        device = self._checkpoint.device
        inside = {name: value.to(device) for name, value in transition["observation"].items()}
        return VisionLanguageCondition(torch.cat(states, 1).float(), inside)

    def summarize(self, condition: VisionLanguageCondition) -> Tensor:
        """Return what an agent is shown. Shape ``(B, C)``."""
        return condition.summary

    def generate(self, condition: VisionLanguageCondition, noise: Tensor) -> Tensor:
        """Return chunks in the environment's units. Shape ``(B, horizon, A)``."""
        batch = {name: value.clone() for name, value in condition.batch.items()}
        self._policy.reset()  # no history of its own
        with self._checkpoint.precision():
            chunk = self._policy.predict_action_chunk(
                batch, noise=noise.to(self._checkpoint.device, copy=True)
            )
        return self._in_units(chunk)

    def loss(self, condition: VisionLanguageCondition, actions: Tensor) -> Tensor:
        """Return LeRobot's own loss of actions."""
        batch = {name: value.clone() for name, value in condition.batch.items()}
        loss: Tensor = self._policy.forward({**batch, "action": self._normal(actions)})[0]
        return loss


def _step(name: str, config: Mapping[str, Any]) -> Any:
    """Make one of LeRobot's steps by its registered name, from the module that we know it in."""
    importlib.import_module(STEP_HOMES[name])
    registry = importlib.import_module("lerobot.processor").ProcessorStepRegistry
    try:
        return registry.get(name)(**config)
    except (OSError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{name} must be a step that the installed LeRobot can make. "
            f"Got: {type(error).__name__}: {reason}"
        ) from error
