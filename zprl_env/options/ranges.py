"""Ranges of the numbers in a command's settings, and their check."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from zprl_env.errors import ZprlError


class Range(NamedTuple):
    """An interval of numbers; ``above`` leaves its lower end out."""

    low: float
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'at least'} {self.low:g}"
        return low if self.high == math.inf else f"{low} and at most {self.high:g}"


COUNT, SIZE, POSITIVE = Range(1), Range(0), Range(0, above=True)
FRACTION = Range(0, 1, above=True)


def check(settings: object, limits: Mapping[str, Range]) -> None:
    """Refuse numbers out of their range; ``None`` and words are not checked.

    Args:
        settings: Anything with attributes.
        limits: Their ranges by name.

    Raises:
        ZprlError: One is out of its range. It is no ``ValueError``: of those, tyro draws a box.

    >>> from types import SimpleNamespace
    >>> check(SimpleNamespace(num_envs=0), {"num_envs": COUNT})
    Traceback (most recent call last):
    policies.errors.ZprlError: num_envs must be at least 1. Got: 0.
    """
    for name, limit in limits.items():
        value = getattr(settings, name)
        if value is not None and not isinstance(value, str) and value not in limit:
            raise ZprlError(f"{name} must be {limit}. Got: {value!s:.80}.")
