"""Suggestions for a mistyped name (did you mean ...?): the nearest of the names that exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

CLOSE = 0.4
"""Least likeness of a suggestion, as `difflib.get_close_matches` measures it."""


def nearest(
    name: str,
    known: Iterable[str],
    aliases: Mapping[str, str] | None = None,
    *,
    count: int = 1,
    cutoff: float = CLOSE,
) -> list[str]:
    """Find the names that a mistyped one may stand for, best first.

    Case, hyphens and underscores do not count; names that differ in nothing else come all.

    Args:
        name: What was typed.
        known: The names that exist.
        aliases: Other names of some of them, to be told by their own.
        count: Most names to return, unless more differ in nothing that counts.
        cutoff: Least likeness.

    >>> nearest("DOOR", ["Door", "door", "door-open"])
    ['Door', 'door']
    >>> nearest("PickPlaceCn", ["Can", "PickPlace"], {"PickPlaceCan": "Can"})
    ['Can']
    >>> nearest("dqn", ["sac", "ppo"])
    []
    """
    spelled: dict[str, list[str]] = {}
    for own in known:
        spelled.setdefault(plain(own), []).append(own)
    for other, own in (aliases or {}).items():
        spelled.setdefault(plain(other), [own])
    typed = plain(name)
    same = spelled.pop(typed, [])
    if same and count == 1:
        return list(dict.fromkeys(same))
    close = get_close_matches(typed, spelled, n=len(spelled) or 1, cutoff=cutoff)
    return list(dict.fromkeys([*same, *(own for other in close for own in spelled[other])]))[:count]


def plain(name: object) -> str:
    """Return a name without what is easily mistyped: case, hyphens, underscores, blanks.

    >>> plain("Real-flip_egg")
    'realflipegg'
    """
    return "".join(letter for letter in str(name).lower() if letter not in "-_ ")


def did_you_mean(names: Iterable[str]) -> str:
    """Ask whether one of some names was meant; empty if there is none.

    >>> did_you_mean(["Door", "door"])
    "did you mean 'Door' or 'door'? "
    """
    quoted = " or ".join(map(repr, names))
    return f"did you mean {quoted}? " if quoted else ""
