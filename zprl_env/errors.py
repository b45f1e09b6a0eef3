"""Exceptions this package raises on purpose: what must be, what was got, what to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policies.commands.suggestions import did_you_mean, nearest
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
    "DelayWarning",
    "DemonstrationError",
    "InvalidActionError",
    "MissingExtraError",
    "NoExpertError",
    "NotCopiedError",
    "PolicyMismatchError",
    "RenderingError",
    "SimulationError",
    "TaskMismatchWarning",
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
        aliases: Other names of some of them, which are suggested by their own.

    >>> print(UnknownNameError("environment", "lfit", ["Lift", "Can"]))
    unknown environment 'lfit'; did you mean 'Lift'? Known: 'Can', 'Lift'
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        names = sorted({*known}, key=lambda known_name: (known_name.lower(), known_name))
        total = len(names)
        hint = did_you_mean(nearest(name, names, aliases))
        if total > LISTED:
            names = nearest(name, names, aliases, count=LISTED, cutoff=0.0)
        listing = ", ".join(map(repr, names))
        more = f" and {total - len(names)} more" if total > len(names) else ""
        super().__init__(f"unknown {kind} {name!r}; {hint}Known: {listing}{more}")


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


class NotCopiedError(ZprlError, TypeError):
    """An environment was to be copied or pickled, and its state cannot be."""


class DelayWarning(UserWarning):
    """Decisions take longer than the delay that was stated for them."""


class TaskMismatchWarning(UserWarning):
    """A policy was trained on another task, robot, rate or unit than the environment's."""
