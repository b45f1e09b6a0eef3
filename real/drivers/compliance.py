"""Compliance of an arm and the load in its hand, as clients of hil-serl's server set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from zprl_env.errors import ConfigurationError

SPRINGS = (
    "translational_stiffness",
    "translational_damping",
    "rotational_stiffness",
    "rotational_damping",
)
STIFFEST = {"translational_stiffness": 3000.0, "rotational_stiffness": 300.0}
"""Stiffness beyond which libfranka's own Cartesian impedance is not set [N/m, Nm/rad]."""
INTEGRALS = ("translational_Ki", "rotational_Ki")
KINDS, AXES = ("translational", "rotational"), "xyz"
HEAVIEST = 20.0
"""Mass beyond which nothing is a load for an arm of this kind [kg]."""


@dataclass(frozen=True)
class Compliance:
    """Compliance of an arm: a damped spring to its reference, which pulls no further than a clip.

    Attributes:
        translational_stiffness: Of the tool [N/m].
        translational_damping: [Ns/m].
        rotational_stiffness: [Nm/rad].
        rotational_damping: [Nms/rad].
        translational_clip: Distance from the reference beyond which the pull does not grow, per
            axis [m].
        rotational_clip: The same of rotations [rad].
    """

    translational_stiffness: float
    translational_damping: float
    rotational_stiffness: float
    rotational_damping: float
    translational_clip: tuple[float, ...] = (0.1, 0.1, 0.1)
    rotational_clip: tuple[float, ...] = (0.25, 0.25, 0.25)

    def updated(self, parameters: Mapping[str, Any]) -> Compliance:
        """Return what some parameters of ``/update_param`` make of it; the others stay.

        A clip is the same in both directions here: of ``..._clip_x`` and ``..._clip_neg_x`` the
        smaller one holds. There is no integral part, so that ``..._Ki`` must be 0.

        Args:
            parameters: Numbers by hil-serl's names.

        Raises:
            ConfigurationError: One is none of these, or no number that it may be.

        >>> arm = Compliance(2000.0, 180.0, 150.0, 10.0)
        >>> soft = arm.updated({"translational_stiffness": 500, "translational_clip_neg_x": 0.01})
        >>> soft.translational_stiffness, soft.translational_clip
        (500.0, (0.01, 0.1, 0.1))
        """
        clips = {
            "translational": dict(zip(AXES, self.translational_clip, strict=True)),
            "rotational": dict(zip(AXES, self.rotational_clip, strict=True)),
        }
        told: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
        springs = {}
        for name, value in parameters.items():
            kind, _, axis = name.partition("_clip_")
            axis = axis.removeprefix("neg_")
            if name in SPRINGS:
                springs[name] = _number(name, value)
                if springs[name] > (most := STIFFEST.get(name, np.inf)):
                    raise ConfigurationError(f"{name} must be at most {most:g}. Got: {value}.")
            elif name in INTEGRALS:
                if _number(name, value) != 0.0:
                    raise ConfigurationError(f"{name} must be 0, for there is none. Got: {value}.")
            elif kind in KINDS and axis in clips[kind]:
                size = _number(name, value)
                told[kind][axis] = min(size, told[kind].get(axis, size))
            else:
                known = [*SPRINGS, *INTEGRALS, *(f"{kind}_clip_[neg_]x|y|z" for kind in KINDS)]
                raise ConfigurationError(
                    f"A parameter must be one of {', '.join(known)}. Got: {str(name)[:60]!r}."
                )
        return replace(
            self,
            **springs,
            translational_clip=tuple((clips["translational"] | told["translational"]).values()),
            rotational_clip=tuple((clips["rotational"] | told["rotational"]).values()),
        )

    def clip(self, most: float) -> np.ndarray:
        """Return the clip of translations, no larger than a force allows.

        Args:
            most: Pull towards the reference at most, per axis [N].

        Returns:
            [m]. Shape ``(3,)``.

        >>> Compliance(2000.0, 180.0, 150.0, 10.0, (0.1, 0.01, 0.1)).clip(100.0).tolist()
        [0.05, 0.01, 0.05]
        """
        stiffness = max(self.translational_stiffness, 1e-9)
        return np.minimum(self.translational_clip, most / stiffness)


class Load(NamedTuple):
    """A load in the hand, besides the hand itself.

    Attributes:
        mass: [kg].
        center: Its center of mass, from the flange [m]. Shape ``(3,)``.
        inertia: Around that [kg m^2]; symmetric. Shape ``(9,)``.
    """

    mass: float
    center: np.ndarray
    inertia: np.ndarray

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Load:
        """Read the parameters of ``/set_load``.

        Args:
            parameters: ``mass``, ``F_x_center_load`` and ``load_inertia``, as hil-serl's
                ``LOAD_PARAM`` has them.

        Raises:
            ConfigurationError: One is missing, or is none that a body has.

        >>> Load.of({"mass": 0.5, "F_x_center_load": [0, 0, 0.1], "load_inertia": [0.0] * 9}).mass
        0.5
        """
        sizes = {"mass": 1, "F_x_center_load": 3, "load_inertia": 9}
        if set(parameters) != set(sizes):
            raise ConfigurationError(
                f"A load must say {', '.join(sizes)}. Got: {', '.join(map(str, parameters))}."
            )
        mass, center, inertia = (_numbers(name, parameters[name], sizes[name]) for name in sizes)
        if not 0.0 <= mass[0] <= HEAVIEST:
            raise ConfigurationError(f"mass must lie in 0 to {HEAVIEST:g} kg. Got: {mass[0]}.")
        if np.abs(center).max() > 1.0:
            raise ConfigurationError(
                f"F_x_center_load must be within 1 m of the flange. Got: {center.tolist()}."
            )
        matrix = inertia.reshape(3, 3)
        if not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min() < -1e-9:
            raise ConfigurationError(
                f"load_inertia must be symmetric, and of a body. Got: {inertia.tolist()}."
            )
        return cls(float(mass[0]), center, inertia)


def _number(name: str, value: Any) -> float:
    """Return a number that is not negative."""
    number = float(_numbers(name, value, 1)[0])
    if number < 0.0:
        raise ConfigurationError(f"{name} must be at least 0. Got: {number}.")
    return number


def _numbers(name: str, value: Any, size: int) -> np.ndarray:
    try:
        numbers = np.atleast_1d(np.asarray(value, np.float64))
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if isinstance(value, bool | str) or numbers.shape != (size,) or not np.isfinite(numbers).all():
        what = "a number" if size == 1 else f"{size} numbers"
        raise ConfigurationError(f"{name} must be {what}. Got: {str(value)[:80]}.")
    return numbers
