"""Checkpoint of a LeRobot policy: settings, processors and weights that were read and checked."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.foreign.lerobot.dataset import read_training_data
from policies.foreign.lerobot.features import Feature
from policies.foreign.lerobot.files import CONFIG_FILE, Address, content_hash, find_folder
from policies.foreign.lerobot.modules import CLASSES, build, chosen_device, versions
from policies.foreign.lerobot.normalization import constants_said
from policies.foreign.lerobot.observations import Observer
from policies.foreign.lerobot.processors import read_processors
from policies.foreign.lerobot.settings import read_settings
from policies.foreign.lerobot.weights import WEIGHTS_FILE, load_weights, read_weights

UNSCALED = 10.0
"""Size of numbers beyond which a network that sees them as they are is told of."""


class LeRobotWarning(UserWarning):
    """Warning about a LeRobot policy, to be read before its numbers are believed."""


class LeRobotCheckpoint:
    """A LeRobot checkpoint, read and checked before LeRobot itself is imported.

    Args:
        address: ``lerobot:PATH_OR_REPOSITORY?options``, or parsed.

    Attributes:
        folder: Where it is.
        settings: ``config.json``.
        processors: Both sides.
        data: What is known of the data it was trained on.
        observer: Makes batches of an environment's observations.
        notes: What was said about it.

    Raises:
        CheckpointError: Something is missing, damaged or unknown.
        ConfigurationError: An option of the address is.
    """

    def __init__(self, address: str | Address) -> None:
        self.address = Address.parse(address) if isinstance(address, str) else address
        self.folder: Path = find_folder(self.address.place)
        self.settings = read_settings(self.folder / CONFIG_FILE, (*CLASSES,))
        self._weights, buffers = read_weights(self.folder)
        self.processors = read_processors(self.folder, self.settings, buffers)
        self.data = read_training_data(self.folder, self.processors.renames, self.address.dataset)
        self.device = chosen_device(self.address.device, self.settings.values.get("device"))
        self.observer = Observer(self.settings, self.processors, self.device)
        self.notes: list[str] = []
        said = constants_said([*self.processors.inputs.values(), self.processors.action])
        said += [
            f"{feature.name} is not normalised, though config.json says {mode}: its preprocessor's "
            "normalize_observation_keys leaves it out"
            for feature in self.settings.inputs
            if (mode := self.settings.mode(feature)) != self.processors.inputs[feature.name].mode
        ]
        said += [note for feature in self.settings.states if (note := self._unscaled(feature))]
        for note in said:
            self.say(note)

    def _unscaled(self, feature: Feature) -> str:
        """Say that a state of large numbers was trained on as it is; empty if it was not."""
        if self.settings.mode(feature) != "IDENTITY":
            return ""
        ranges = self.processors.inputs[feature.name].ranges()
        ends = np.abs([ranges.low, ranges.high])
        largest = float(ends.max(initial=0.0, where=np.isfinite(ends)))
        if largest <= UNSCALED:
            return ""
        return (
            f"{feature.name} goes to {largest:.3g} and is not normalised: normalization_mapping "
            f"of config.json names no {feature.kind}. LeRobot trained it so, and its network "
            "hardly learns from such numbers; train again with "
            f'--policy.normalization_mapping=\'{{"STATE": "MIN_MAX", "{feature.kind}": '
            '"MIN_MAX", "ACTION": "MIN_MAX"}\''
        )

    def say(self, note: str) -> None:
        """Warn of something, once, and keep it."""
        if note not in self.notes:
            self.notes.append(note)
            warnings.warn(f"{self.folder.name}: {note}.", LeRobotWarning, stacklevel=3)

    def build(self, **changes: Any) -> torch.nn.Module:
        """Build LeRobot's policy with these weights, frozen; the weights are not kept here.

        Args:
            **changes: Settings to change, such as the sampler.
        """
        policy = build(self.settings, self.device, **changes)
        load_weights(policy, self._weights, self.folder / WEIGHTS_FILE)
        self._weights = {}
        return policy

    def normalized(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return a batch normalised and cast as its preprocessor says."""
        processors, found = self.processors, {}
        for name, value in batch.items():
            if processors.dtype is not None and processors.cast_first:
                value = value.to(processors.dtype)
            value = processors.inputs[name].apply(value)
            if processors.dtype is not None and not processors.cast_first:
                value = value.to(processors.dtype)
            found[name] = value
        return found

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context that LeRobot evaluates in: automatic mixed precision, if saved so."""
        if self.settings.values.get("use_amp"):
            return torch.autocast(self.device.partition(":")[0])
        return contextlib.nullcontext()

    def dry_batch(self, rows: int = 1) -> dict[str, Tensor]:
        """Return a batch of zeros, of which shapes can be learned."""
        lead = (self.settings.n_obs_steps,) if self.settings.n_obs_steps > 1 else ()
        return {f.name: self._zeros(f, (rows, *lead)) for f in self.settings.inputs}

    def describe(self) -> dict[str, Any]:
        """Return what a run keeps of this policy: where from, its hash, sizes, versions, notes."""
        settings = self.settings
        return {
            "lerobot": settings.kind,
            "folder": self.address.place,
            "sha256": content_hash(
                [settings.path, self.folder / WEIGHTS_FILE]
                + [path for path in self.processors.files if path.name != WEIGHTS_FILE]
            ),
            "inputs": {feature.name: list(feature.shape) for feature in settings.inputs},
            "n_obs_steps": settings.n_obs_steps,
            "predicted": settings.horizon,
            "executed": settings.n_action_steps,
            **({} if self.data.rate is None else {"rate": self.data.rate}),
            "versions": versions(),
            "notes": list(self.notes),
        }

    def _zeros(self, feature: Feature, lead: tuple[int, ...]) -> Tensor:
        return torch.zeros((*lead, *feature.shape), device=self.device)
