"""Generator made of a LeRobot policy: sizes, cameras, observations and metadata that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint
from policies.meaning.ranges import Ranges
from policies.pictures.settings import PictureSettings


class LeRobotGenerator(ABC):
    """A LeRobot policy as a :class:`~policies.foreign.generator.ForeignGenerator`.

    Args:
        checkpoint: What was read.
        policy: LeRobot's policy with its weights.

    Attributes:
        observation_dim: Size of all states together, in the order of ``config.json``.
        observation_ranges: Where the states lay in training; None if it sees pictures alone.
        action_ranges: The same of its actions.
        observation_names: Names of the states' numbers, the dataset's where it is on this disk.
        cameras: The environment's names of its cameras, without ``observation.images.``.
        picture_settings: Their size, and what drew them if its dataset is here and says so.
        metadata: Where it is from, its hash, sizes and versions.
    """

    latent_dim = 0
    past_actions = 0

    def __init__(self, checkpoint: LeRobotCheckpoint, policy: torch.nn.Module) -> None:
        settings, processors = checkpoint.settings, checkpoint.processors
        self._checkpoint, self.module = checkpoint, policy
        self._policy: Any = policy
        self.action_dim = settings.action.shape[0]
        self.horizon = settings.horizon - self.past_actions
        self.n_action_steps, self.n_obs_steps = settings.n_action_steps, settings.n_obs_steps
        self.noise_shape = (settings.horizon, self.action_dim)
        self.observation_dim = checkpoint.observer.state_dim
        states = settings.states
        self.observation_ranges = None
        if states:
            known = [processors.inputs[feature.name].ranges() for feature in states]
            self.observation_ranges = Ranges.joined(known)
        self.action_ranges = processors.action.ranges()
        self.observation_names = checkpoint.data.names_of(states)
        shown = [processors.shown(feature) for feature in settings.pictures]
        self.cameras = tuple(feature.camera for feature in shown)
        sizes = {feature.shape[1:] for feature in shown}
        self.picture_settings: PictureSettings | None = None
        if len(sizes) == 1:
            height, width = sizes.pop()
            self.picture_settings = checkpoint.data.pictures_of(self.cameras, (height, width))
        self.metadata = checkpoint.describe()

    @abstractmethod
    def embed(self, batch: Any) -> Any:
        """Return what actions are generated from, of an environment's observations."""

    @abstractmethod
    def generate(self, condition: Any, noise: Tensor) -> Tensor:
        """Return chunks in the environment's units, from now on. Shape ``(B, horizon, A)``."""

    @abstractmethod
    def loss(self, condition: Any, actions: Tensor) -> Tensor:
        """Return LeRobot's own loss of actions in the environment's units, the past first."""

    def _seen(self, batch: Any) -> dict[str, Tensor]:
        """Return an environment's observations as the network takes them, normalised."""
        return self._checkpoint.normalized(self._checkpoint.observer(batch))

    def _in_units(self, normal: Tensor) -> Tensor:
        """Return actions in the environment's units."""
        return self._checkpoint.processors.action.invert(normal.float())

    def _normal(self, actions: Tensor) -> Tensor:
        """Return demonstrated actions as the loss takes them."""
        return self._checkpoint.processors.action.apply_exactly(actions)
