"""Checks of values that came from somewhere else, such as the JSON of picture settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from policies.errors import ConfigurationError


def entries(kind: Any, values: Any, what: str) -> dict[str, Any]:
    """Return values of JSON as a dataclass's arguments.

    Raises:
        ConfigurationError: An entry is unknown, or one without a default missing.
    """
    known = {entry.name for entry in fields(kind)}
    needed = {f.name for f in fields(kind) if f.default is MISSING is f.default_factory}
    if not isinstance(values, Mapping) or not needed <= {*values} <= known:
        got = sorted(map(str, values)) if isinstance(values, Mapping) else values
        raise ConfigurationError(
            f"{what} must have the entries {sorted(known)}. Got: {repr(got)[:200]}."
        )
    return dict(values)


def check(name: str, value: object, fits: bool, must: str) -> None:
    """Refuse a value that does not fit.

    Raises:
        ConfigurationError: It does not.
    """
    if not fits:
        raise ConfigurationError(f"{name} must be {must}. Got: {repr(value)[:120]}.")


def is_text(value: object) -> bool:
    """Tell a text of one line and at most 200 letters."""
    return isinstance(value, str) and len(value) <= 200 and value.isprintable()


def is_number(value: object) -> bool:
    """Tell a finite number of a plausible size."""
    return type(value) in (int, float) and abs(value) < 1e6  # type: ignore[arg-type]
