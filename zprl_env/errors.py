"""Exceptions this package raises on purpose: what must be, what was got, what to try."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from policies.errors import (
    CheckpointError,
    ConfigurationError,
    DemonstrationError,
    MissingExtraError,
    PolicyMismatchError,
    ZprlError,
)

__all__ = [
    "CheckpointError",
    "ConfigurationError",
    "DemonstrationError",
    "InvalidActionError",
    "MissingExtraError",
    "NoExpertError",
    "PolicyMismatchError",
    "RenderingError",
    "SimulationError",
    "UnknownNameError",
    "ZprlError",
]


LISTED = 12
"""Number of names that an error lists; of more than these, the nearest."""


class UnknownNameError(ZprlError):
    """A name is not in the table it was looked up in; the nearest one is suggested.

    Args:
        kind: What the name should name, e.g. ``"environment"``.
        name: The name that was asked for.
        known: The names that exist.

    >>> print(UnknownNameError("environment", "lfit", ["Lift", "Can"]))
    unknown environment 'lfit'; did you mean 'Lift'? Known: 'Can', 'Lift'
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        by_lowercase = {candidate.lower(): candidate for candidate in known}
        near = get_close_matches(str(name).lower(), by_lowercase, n=1, cutoff=0.4)
        hint = f"did you mean {by_lowercase[near[0]]!r}? " if near else ""
        names = sorted(by_lowercase.values())
        if len(names) > LISTED:
            others = get_close_matches(str(name).lower(), by_lowercase, n=LISTED, cutoff=0.0)
            names = [by_lowercase[other] for other in others]
        listing = ", ".join(repr(candidate) for candidate in names)
        more = len(by_lowercase) - len(names)
        super().__init__(
            f"unknown {kind} {name!r}; {hint}Known: {listing}{f' and {more} more' if more else ''}"
        )


class NoExpertError(ZprlError):
    """A task has no scripted expert, so that no policy can be made of nothing.

    Args:
        task: The task.
        shown: Tasks that have a scripted expert, those of the same suite first.
    """

    def __init__(self, task: str, shown: Iterable[str]) -> None:
        names = list(shown)
        more = len(names) - LISTED
        listing = ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")
        super().__init__(
            f"{task} has no scripted expert, so that no demonstrations can be recorded and no "
            f"policy can be made of nothing. With demonstrations of your own: python -m "
            f"policies.pretrain --demonstrations FILE --out FOLDER, then --policy FOLDER. With an "
            f"expert of your own: python -m zprl_env.experts.record --expert module:Class. "
            f"Tasks with an expert: {listing}."
        )


class SimulationError(ZprlError):
    """The simulator's state is no longer a state of anything; the episode has to be reset."""


class RenderingError(ZprlError):
    """An image was asked for and there is no OpenGL to draw it with."""


class InvalidActionError(ZprlError):
    """An action does not fit the action space it was meant for."""
