"""A frozen policy for machines without torch, such as a robot's."""

from __future__ import annotations

import os

import numpy as np

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.files import CheckpointFiles, arrays_hash
from policies.engines.compiled import CompiledModel
from policies.errors import CheckpointError
from policies.flow_policy import FlowPolicy


class CompiledPolicy(FlowPolicy):
    """A :class:`FlowPolicy` that neither needs nor imports torch.

    It equals ``FrozenPolicy`` with its default engine to the bit.

    Args:
        files: A checkpoint whose head is the FiLM MLP, and whose cameras' encoder, if any, is the
            small one.

    Raises:
        CheckpointError: If the tensors are not such a model's.

    Example:
        >>> from importlib.resources import files
        >>> policy = CompiledPolicy.load(files("policies") / "pretrained" / "lift")
        >>> features, mean, std = policy.encode(np.zeros((1, policy.observation_dim)))
        >>> policy.decode(mean, np.zeros((1, policy.horizon, policy.action_dim))).shape
        (1, 16, 7)
    """

    def __init__(self, files: CheckpointFiles) -> None:
        config, weights, metadata = files
        if config.head != "mlp":
            raise CheckpointError(
                f"a policy without torch must have the head 'mlp'. Got: {config.head!r}. "
                f"Use FrozenPolicy, which runs it by torch."
            )
        if config.pictures is not None and config.pictures.encoder != "small":
            raise CheckpointError(
                f"a policy without torch must have the encoder 'small'. "
                f"Got: {config.pictures.encoder!r}. Use FrozenPolicy, which runs it by torch."
            )
        try:
            super().__init__(config, metadata, CompiledModel(config, weights))
            part = "normalizer."
            self._normalizer = {
                name.removeprefix(part): np.array(values)
                for name, values in weights.items()
                if name.startswith(part)
            }
            self._mean, self._std = self._constants("observation_mean", "observation_std")
        except (KeyError, ValueError) as error:
            raise CheckpointError(
                f"the tensors must be the model's by {config}. {error}"
            ) from error
        self._weights_hash = arrays_hash(weights)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CompiledPolicy:
        """Load the policy from a checkpoint folder.

        Raises:
            CheckpointError: If the folder holds no sound checkpoint, or one of another head.
        """
        files = checkpoint_files.read(path)
        checkpoint_files.verify(files, path)
        return cls(files)

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights that were read."""
        return self._weights_hash

    def _constants(self, *names: str) -> list[np.ndarray]:
        return [self._normalizer[name] for name in names]

    def _normalized(self, observations: np.ndarray) -> np.ndarray:
        return (observations - self._mean) / self._std


NumpyPolicy = CompiledPolicy
"""Deprecated alias: the class's name before 0.1."""
