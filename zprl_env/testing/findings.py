"""Findings of a conformance check: faults, each with the check that found it, and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

Subject = TypeVar("Subject")


class Note(str):
    """Finding that is worth a look and no fault."""


class Findings(NamedTuple):
    """Faults and notes of all checks, in their order."""

    faults: list[str]
    notes: list[str]


def look(subject: Subject, checks: Sequence[Callable[[Subject], Iterator[str]]]) -> Findings:
    """Carry out checks, whatever is raised.

    Args:
        subject: What they are given.
        checks: Functions that yield faults, and a `Note` for what is none. The first one that
            finds a fault of a kind that the others cannot work with raises ``StopChecks``.

    Returns:
        What they found.
    """
    found = Findings([], [])
    for check in checks:
        name = check.__name__.strip("_").replace("_", " ")
        try:
            for finding in check(subject):
                if isinstance(finding, Note):
                    found.notes.append(str(finding))
                else:
                    found.faults.append(f"{name}: {finding}".rstrip("."))
        except StopChecks:
            break
        except Exception as error:
            found.faults.append(f"{name}: raised {type(error).__name__}: {error}")
    return found


class StopChecks(Exception):  # noqa: N818  it is no error
    """The checks that follow would make no sense."""
