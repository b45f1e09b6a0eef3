"""Frozen policy: a trained VIB flow model whose weights cannot change, numpy in and out."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from policies.checkpoints import model as checkpoint
from policies.checkpoints.contents import CheckpointContents
from policies.engines import DEFAULT, make_engine
from policies.flow_policy import FlowPolicy
from policies.model.eyes import Backbone
from policies.model.vib_flow import VibFlow


class FrozenPolicy(FlowPolicy):
    """A :class:`FlowPolicy` that holds its model, for the engine of one's choice.

    A row alone or in a batch, and one engine or another, give equal results to float32's accuracy.

    Args:
        model: Copied, put into evaluation mode and detached from learning.
        metadata: The checkpoint's description; needs ``latent`` with ``mean``, ``std``, ``rms``.
        engine: What computes, ``"numba"``, ``"torch"`` or ``"onnx"``; see
            :func:`policies.engines.make_engine`.

    Raises:
        ConfigurationError: If there is no such engine.
        MissingExtraError: If the engine is not installed.
    """

    def __init__(self, model: VibFlow, metadata: Mapping[str, Any], engine: str = DEFAULT) -> None:
        self._model = copy.deepcopy(model).cpu().eval().requires_grad_(False)
        described = {**metadata, **checkpoint.describe(self._model)}
        super().__init__(model.config, described, make_engine(engine, self._model))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        engine: str = DEFAULT,
        backbone: Backbone | None = None,
    ) -> FrozenPolicy:
        """Load the policy from a checkpoint folder.

        Args:
            path: The folder.
            engine: What computes.
            backbone: Class of the pretrained network that its cameras' frames go through, if there
                is one: no name in a file is imported. Its weights come from the checkpoint.

        Raises:
            CheckpointError: If the folder holds no sound checkpoint.
            ConfigurationError: If there is no such engine.
            MissingExtraError: If the engine is not installed.
        """
        return cls(*checkpoint.load(path, backbone), engine)

    @classmethod
    def from_checkpoint(cls, contents: CheckpointContents, engine: str = DEFAULT) -> FrozenPolicy:
        """Make the policy of a checkpoint that was read; see :func:`policies.load_policy`.

        Raises:
            CheckpointError: If it is no sound checkpoint of this class.
            ConfigurationError: If there is no such engine.
            MissingExtraError: If the engine is not installed.
        """
        return cls(*checkpoint.of_contents(contents), engine)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the policy to a checkpoint folder.

        Raises:
            CheckpointError: If the path is a file.
        """
        checkpoint.save(self._model, path, self.metadata)

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights as they are now in memory."""
        return checkpoint.weights_hash(self._model)

    def _constants(self, *names: str) -> list[np.ndarray]:
        return [getattr(self._model.normalizer, name).numpy() for name in names]

    def _normalized(self, observations: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            normal: np.ndarray = self._model.normalizer.observations(
                torch.from_numpy(observations)
            ).numpy()
            return normal
