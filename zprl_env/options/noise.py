"""Flow noise: what a policy's flow starts from: fresh noise, zero, or one vector drawn once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from zprl_env.errors import ConfigurationError, ZprlError

Kind = Literal["fresh", "zero", "fixed", "best"]

WORDS = "'fresh', 'fresh:TEMPERATURE', 'zero', 'fixed:SEED' or 'best:K'"
"""The option ``noise`` in words, for errors."""

_STREAM = 3
"""Spawn key of fixed draws; the policy's generator and random perturbations have 1 and 2."""
_MOST_SEED = 2**63
_FEWEST = 2
"""Fewest draws that there is a best of."""


@dataclass(frozen=True)
class FlowNoise:
    """Start of a policy's flow, parsed from the option ``noise``.

    Attributes:
        kind: ``"fresh"`` draws N(0, I) anew for every decision, ``"zero"`` starts from zero,
            ``"fixed"`` from one vector of N(0, I) that is the same for every decision, episode and
            environment, and ``"best"`` is a fixed one that has yet to be found by playing.
        temperature: Factor on fresh noise; 1 is imitation's.
        seed: Of a fixed vector, which no other random number depends on.
        draws: Fixed vectors to choose the best of, those of the seeds from 0.
        vector: A fixed vector that is known already, as an export stores it; else it follows from
            the seed. Shape ``(horizon, action_dim)``.

    >>> str(FlowNoise.parse("fresh:1.0")), str(FlowNoise.parse("fresh:0"))
    ('fresh', 'zero')
    >>> FlowNoise.parse("fixed:3").seed
    3
    """

    kind: Kind
    temperature: float = 1.0
    seed: int = 0
    draws: int = 0
    vector: np.ndarray | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, noise: str | FlowNoise) -> FlowNoise:
        """Read the option ``noise``.

        Args:
            noise: ``"fresh"``, ``"fresh:TEMPERATURE"``, ``"zero"``, ``"fixed:SEED"``, ``"best:K"``,
                or what was parsed already.

        Raises:
            ConfigurationError: It is none of them.

        >>> FlowNoise.parse(0.5)
        Traceback (most recent call last):
        policies.errors.ConfigurationError: noise must be ... Got: 0.5. Try 'fresh:0.5'.
        """
        if isinstance(noise, FlowNoise):
            return noise
        if not isinstance(noise, str):
            raise ConfigurationError(f"noise must be {WORDS}. Got: {noise!r}.{_meant(noise)}")
        kind, colon, value = noise.strip().lower().partition(":")
        if kind == "fresh":
            temperature = _number(noise, value) if colon else 1.0
            return cls("fresh", temperature) if temperature > 0.0 else cls("zero")
        if kind == "zero" and not colon:
            return cls("zero")
        if kind == "fixed":
            return cls("fixed", seed=_whole(noise, value, 0))
        if kind == "best":
            return cls("best", draws=_whole(noise, value, _FEWEST))
        raise ConfigurationError(f"noise must be {WORDS}. Got: {noise!r}.{_meant(noise)}")

    def __str__(self) -> str:
        """Write it as the option is written, one way for each start."""
        if self.kind == "fresh":
            return "fresh" if self.temperature == 1.0 else f"fresh:{self.temperature!r}"
        ends = {"zero": "", "fixed": f":{self.seed}", "best": f":{self.draws}"}
        return f"{self.kind}{ends[self.kind]}"

    @property
    def by_chance(self) -> bool:
        """Whether two decisions start differently."""
        return self.kind == "fresh"

    def known(self) -> FlowNoise:
        """Return this, unless it has yet to be found by playing.

        Raises:
            ConfigurationError: It is the best of some draws.
        """
        if self.kind == "best":
            raise ConfigurationError(
                f"noise must be a start that is known. Got: '{self}', which has to be found by "
                f"playing. Call zprl_env.calibrate.best_noise(env, policy, draws={self.draws}) and "
                f"give what it returns, or take the flag that python -m zprl_env.calibrate --noise "
                f"{self} prints, such as 'fixed:3'."
            )
        return self

    def constant(self, shape: tuple[int, int]) -> np.ndarray:
        """Return what every decision starts from; zeros where that is drawn.

        Args:
            shape: ``(horizon, action_dim)`` of the policy.

        Returns:
            Shape ``(horizon, action_dim)``, float32.

        Raises:
            ConfigurationError: The vector that was given has another shape or is not finite.
        """
        if self.kind != "fixed":
            return np.zeros(shape, np.float32)
        if self.vector is None:
            return fixed_draw(self.seed, shape)
        vector = np.asarray(self.vector, np.float32)
        if vector.shape != shape or not np.isfinite(vector).all():
            raise ConfigurationError(
                f"a fixed noise must be finite and of the policy's shape (horizon, action_dim) = "
                f"{shape}. Got: shape {vector.shape}."
            )
        return vector


def fixed_draw(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """Draw the vector of N(0, I) that ``"fixed:SEED"`` starts every decision from.

    It comes from NumPy's ``RandomState``, whose stream is frozen for good, unlike that of its
    ``Generator``: a seed in an old run's settings is the same numbers under every version.

    Args:
        seed: At least 0.
        shape: ``(horizon, action_dim)`` of the policy.

    Returns:
        Shape ``(horizon, action_dim)``, float32.

    >>> fixed_draw(0, (2, 1)).tolist() == fixed_draw(0, (2, 1)).tolist()
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
    state = np.random.RandomState(np.random.MT19937(sequence))
    return state.standard_normal(shape).astype(np.float32)


def check_noise(noise: str | None, *, best: bool = False) -> None:
    """Check a command line's or a recipe's ``noise``; None is not checked.

    Args:
        noise: As :meth:`FlowNoise.parse` takes it.
        best: Whether ``"best:K"`` is one, since what is read next searches.

    Raises:
        ZprlError: It is no start of a flow. It is no ``ValueError``: of those, tyro draws a box.
    """
    if noise is None:
        return
    try:
        found = FlowNoise.parse(noise)
        if not best:
            found.known()
    except ConfigurationError as error:
        raise ZprlError(str(error)) from error


def _number(noise: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise ConfigurationError(
            f"the temperature of noise must be a finite number and at least 0. Got: {noise!r}. Try "
            f"'fresh:0.5', or 'fresh' for imitation's 1."
        )
    return value


def _whole(noise: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text) < _MOST_SEED:
        what = "the seed of a fixed noise" if least == 0 else "the number of draws of noise"
        example = "fixed:0" if least == 0 else "best:8"
        raise ConfigurationError(
            f"{what} must be a whole number and at least {least}. Got: {noise!r}. Try '{example}'."
        )
    return int(text)


def _meant(noise: object) -> str:
    """Suggest what a number or a word for it probably meant."""
    if isinstance(noise, bool):
        return ""
    try:
        value = float(noise)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    if not (math.isfinite(value) and value >= 0.0):
        return ""
    return f" Try '{FlowNoise('fresh', value) if value else FlowNoise('zero')}'."
