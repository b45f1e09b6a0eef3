"""Normalisation of a LeRobot policy's features: statistics that are checked, and LeRobot's rules.

The formulas are LeRobot's to the bit, but for one: an input's dimension that was constant in the
training data has span 1 here, not 1e-8, so that a last bit does not become a million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.errors import CheckpointError
from policies.foreign.lerobot.features import ACTION, VISUAL, Feature
from policies.meaning.ranges import Ranges

NEEDED = {
    "IDENTITY": (),
    "MEAN_STD": ("mean", "std"),
    "MIN_MAX": ("min", "max"),
    "QUANTILES": ("q01", "q99"),
    "QUANTILE10": ("q10", "q90"),
}
"""Statistics that a mode needs: centre and spread, or both ends."""
CONSTANT, ROUNDING = 1e-8, 5e-7
"""Spread up to which a dimension counts as constant, alone and relative to its value: what LeRobot
adds to every spread, and four last bits of single precision."""

Statistics = Mapping[str, Mapping[str, Tensor]]
"""By the feature's name and the statistic's."""


class Normalization:
    """Normalisation of one feature.

    Args:
        feature: The feature.
        mode: One of `NEEDED`.
        statistics: Of all features.
        source: Where they come from, for errors.
        eps: LeRobot's addition to a spread.

    Attributes:
        constant: Indices of dimensions that were constant in training.

    Raises:
        CheckpointError: Statistics are missing, of another shape, not finite or out of order.
    """

    def __init__(
        self, feature: Feature, mode: str, statistics: Statistics, source: str, eps: float = 1e-8
    ) -> None:
        self.feature, self.mode, self._eps = feature, mode, eps
        pair = [_statistic(feature, name, statistics, source) for name in NEEDED[mode]]
        self._pair = pair
        self._known = statistics.get(feature.name, {})
        self.constant: tuple[int, ...] = ()
        if not pair:
            return
        low, high = pair
        spread = high if mode == "MEAN_STD" else high - low
        if (spread < 0).any():
            raise CheckpointError(
                f"{feature.name}.{NEEDED[mode][1]} in {source} must be "
                f"{'at least 0' if mode == 'MEAN_STD' else f'at least {NEEDED[mode][0]}'}. "
                f"Got: {spread.min().item():g} less."
            )
        self._steady = spread <= torch.clamp(ROUNDING * low.abs(), min=CONSTANT)
        self.constant = tuple(torch.nonzero(self._steady.flatten()).flatten().tolist())

    def ranges(self) -> Ranges:
        """Return where the numbers of a flat feature lay in training."""
        if not self._pair:
            return self._ranges_as_is()
        low, high = (part.double().numpy() for part in self._pair)
        steady = self._steady.numpy()
        if self.mode == "MEAN_STD":
            return Ranges.around(low, np.where(steady, 0.0, high))
        return Ranges.between(low, np.where(steady, low, high))

    def _ranges_as_is(self) -> Ranges:
        """Return the ranges of what is not normalised, if statistics lie beside the policy."""
        ends = [self._known.get(name) for name in NEEDED["MIN_MAX"]]
        arrays = [np.asarray(end, np.float64) for end in ends if end is not None]
        if len(arrays) < 2 or any(part.shape != self.feature.shape for part in arrays):
            return Ranges.unknown(self.feature.shape[0])
        return Ranges.between(*arrays)

    def apply(self, values: Tensor) -> Tensor:
        """Normalise an input. Shape ``(..., *feature.shape)``, as its answer."""
        if not self._pair:
            return values
        low, high = (part.to(values.device, values.dtype) for part in self._pair)
        one = torch.ones((), dtype=values.dtype, device=values.device)
        steady = self._steady.to(values.device)
        if self.mode == "MEAN_STD":
            return (values - low) / torch.where(steady, one, high + self._eps)
        return 2.0 * (values - low) / torch.where(steady, one, high - low) - 1.0

    def apply_exactly(self, values: Tensor) -> Tensor:
        """Normalise as LeRobot does while training: targets, which :meth:`invert` gives back."""
        if not self._pair:
            return values
        low, high = (part.to(values.device, values.dtype) for part in self._pair)
        if self.mode == "MEAN_STD":
            return (values - low) / (high + self._eps)
        return 2.0 * (values - low) / self._span(low, high) - 1.0

    def invert(self, values: Tensor) -> Tensor:
        """Return what was normalised to these values, in its own units."""
        if not self._pair:
            return values
        low, high = (part.to(values.device, values.dtype) for part in self._pair)
        if self.mode == "MEAN_STD":
            return values * high + low
        if self.mode == "MIN_MAX":
            return (values + 1.0) / 2.0 * self._span(low, high) + low
        return (values + 1.0) * self._span(low, high) / 2.0 + low

    def _span(self, low: Tensor, high: Tensor) -> Tensor:
        span = high - low
        return torch.where(span == 0, torch.full_like(span, self._eps), span)


def check_names(
    features: Sequence[Feature], modes: Mapping[str, str], statistics: Statistics, source: str
) -> None:
    """Refuse statistics of which some are missing, and say which other names there are.

    Args:
        features: Those that are normalised.
        modes: By kind.
        statistics: What there is.
        source: Its files.

    Raises:
        CheckpointError: A feature whose mode is not IDENTITY has none under its own name.
    """
    due = [f.name for f in features if modes.get(f.kind, "IDENTITY") != "IDENTITY"]
    missing = [name for name in due if not statistics.get(name)]
    if missing:
        others = sorted({*statistics} - {feature.name for feature in features})
        raise CheckpointError(
            f"{source} must hold statistics of {', '.join(due)}, which are normalised. "
            f"Got: none of {', '.join(missing)}; others are {', '.join(others) or 'none'}. "
            "Names are compared exactly. Without them LeRobot skips the step, and the policy sees "
            "and gives other units than it learned."
        )


def _statistic(feature: Feature, name: str, statistics: Statistics, source: str) -> Tensor:
    key, found = f"{feature.name}.{name}", statistics.get(feature.name, {}).get(name)
    if found is None:
        got = ", ".join(statistics.get(feature.name, {})) or "none"
        raise CheckpointError(f"{source} must hold {key}. Got of this feature: {got}.")
    value = torch.as_tensor(found).to(torch.float32)
    shape: tuple[int, ...] = feature.shape
    if feature.kind == VISUAL:
        shape = (feature.shape[0], 1, 1)
        if value.shape in ((feature.shape[0],), shape):
            value = value.reshape(shape)
    if tuple(value.shape) != shape:
        raise CheckpointError(
            f"{key} in {source} must have shape {shape}. Got: {tuple(value.shape)}. They are of "
            "another robot or data set."
        )
    if not torch.isfinite(value).all():
        raise CheckpointError(
            f"{key} in {source} must be finite. Got NaN or infinity in "
            f"{int((~torch.isfinite(value)).sum())} of {value.numel()} places: they were never "
            "filled from data."
        )
    return value


def constants_said(normalizations: Sequence[Normalization]) -> list[str]:
    """Say which dimensions were constant in training.

    >>> constants_said([])
    []
    """
    return [
        f"{n.feature.name} was constant in training at {list(n.constant)}, "
        + ("and comes out as it was" if n.feature.kind == ACTION else "span 1 is taken")
        for n in normalizations
        if n.constant
    ]


def as_statistics(flat: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """Sort ``{"observation.state.mean": tensor}`` by feature and statistic.

    >>> as_statistics({"action.std": torch.ones(1)})
    {'action': {'std': tensor([1.])}}
    """
    found: dict[str, dict[str, Tensor]] = {}
    for key, value in flat.items():
        feature, _, name = key.rpartition(".")
        found.setdefault(feature, {})[name] = value
    return found
