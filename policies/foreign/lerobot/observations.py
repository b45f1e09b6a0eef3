"""Observations of an environment as a LeRobot policy's batch: by name, of its units and layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.errors import PolicyMismatchError
from policies.foreign.lerobot.features import (
    OBS_ENVIRONMENT,
    OBS_IMAGE,
    OBS_STATE,
    VISUAL,
    Feature,
)
from policies.foreign.lerobot.processors import Processors
from policies.foreign.lerobot.settings import PolicySettings
from policies.pictures.settings import STATE

GYM_NAMES = {OBS_STATE: "agent_pos", OBS_ENVIRONMENT: "environment_state", OBS_IMAGE: "pixels"}
"""Names that environments of LeRobot's have for their observations."""


class Observer:
    """Observations of an environment, made a batch of a LeRobot policy.

    A flat vector is cut into the policy's states in the order of its ``config.json``; parts by name
    are found by name, never by position. Pictures are bytes, channels last, of the trained size.

    Args:
        settings: The policy's.
        processors: The policy's; its inputs are taken under the names an environment has for them.
        device: Where the batch goes.
    """

    def __init__(
        self, settings: PolicySettings, processors: Processors, device: str = "cpu"
    ) -> None:
        self._settings, self._device = settings, device
        self._names = {feature: _names(feature, processors) for feature in settings.inputs}
        self._lead = settings.n_obs_steps > 1

    @property
    def state_dim(self) -> int:
        """Size of all states together, of one step."""
        return sum(feature.shape[0] for feature in self._settings.states)

    def __call__(self, observations: Any) -> dict[str, Tensor]:
        """Make a batch.

        Args:
            observations: Shape ``(B, O)``, or arrays by name, each with a second axis
                ``n_obs_steps`` if the policy takes more than one.

        Returns:
            By LeRobot's names: states of shape ``(B, [n_obs_steps], D)``, pictures
            ``(B, [n_obs_steps], 3, H, W)`` from 0 to 1; nothing is normalised yet.

        Raises:
            PolicyMismatchError: A part is missing or of another shape or kind.
        """
        if not isinstance(observations, Mapping):
            observations = {STATE: observations}
        parts = {str(name): np.asarray(part) for name, part in observations.items()}
        found = {feature: self._found(feature, parts) for feature in self._settings.inputs}
        states = self._settings.states
        if states and STATE in parts and all(found[feature] is None for feature in states):
            found |= self._cut(parts[STATE])
        missing = [feature for feature, part in found.items() if part is None]
        if missing:
            self._refuse(missing, parts, found)
        return {f.name: self._tensor(f, part) for f, part in found.items() if part is not None}

    def _found(self, feature: Feature, parts: Mapping[str, np.ndarray]) -> np.ndarray | None:
        return next((parts[name] for name in self._names[feature] if name in parts), None)

    def _cut(self, flat: np.ndarray) -> dict[Feature, np.ndarray]:
        """Cut a flat vector into the policy's states."""
        states, size = self._settings.states, self.state_dim
        if flat.shape[-1:] != (size,):
            told = " + ".join(map(str, states))
            raise PolicyMismatchError(
                f"{STATE} must have {size} numbers, {told}, in this order. Got: shape "
                f"{flat.shape}. The policy was trained with other states."
            )
        ends = np.cumsum([feature.shape[0] for feature in states])[:-1]
        return dict(zip(states, np.split(flat, ends, axis=-1), strict=True))

    def _tensor(self, feature: Feature, part: np.ndarray) -> Tensor:
        lead = (self._settings.n_obs_steps,) if self._lead else ()
        if feature.kind != VISUAL:
            if part.shape[1:] != (*lead, *feature.shape) or part.dtype.kind not in "fiu":
                self._refuse_shape(feature, (*lead, *feature.shape), "numbers", part)
            return torch.from_numpy(part.astype(np.float32)).to(self._device)
        channels, *size = feature.shape
        if part.shape[1:] != (*lead, *size, channels) or part.dtype != np.uint8:
            self._refuse_shape(feature, (*lead, *size, channels), "bytes (uint8)", part)
        pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(part, -1, -3)))
        return pixels.to(self._device).to(torch.float32) / 255

    @staticmethod
    def _refuse_shape(
        feature: Feature, shape: tuple[int, ...], kind: str, part: np.ndarray
    ) -> None:
        told = ", ".join(map(str, ("B", *shape)))
        hint = ""
        if feature.kind == VISUAL:
            hint = (
                " Draw frames at the size and layout the policy was trained with; it scales their "
                "values by itself, and nothing is resized, since a picture that is stretched where "
                "it was padded in training is another picture."
            )
        raise PolicyMismatchError(
            f"{feature.name} must be {kind} of shape ({told}). Got: {part.dtype} of {part.shape}."
            f"{hint}"
        )

    def _refuse(
        self,
        missing: list[Feature],
        parts: Mapping[str, np.ndarray],
        found: Mapping[Feature, np.ndarray | None],
    ) -> None:
        taken = {id(part) for part in found.values() if part is not None}
        extra = [name for name, part in parts.items() if id(part) not in taken]
        due = "; ".join(
            f"{feature.name} (as {' or '.join(self._names[feature])})" for feature in missing
        )
        raise PolicyMismatchError(
            f"The policy must be shown {', '.join(f.name for f in self._settings.inputs)}. "
            f"Got none for {due}; unused are {', '.join(extra) or 'none'}. Names are compared "
            "exactly, '.' and '_' too; a camera is never taken for another."
        )


def _names(feature: Feature, processors: Processors) -> list[str]:
    """Return the names that an environment may have for a feature, the first the best."""
    shown = processors.shown(feature)
    own = shown.name
    names = [own, shown.camera] if feature.kind == VISUAL else [own]
    names += [GYM_NAMES[own]] if own in GYM_NAMES else []
    if feature.kind == VISUAL and own not in GYM_NAMES:
        names.append(f"pixels.{shown.camera}")
    return [*dict.fromkeys(names)]
