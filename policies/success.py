"""Names under which environments and their recordings report success."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

SUCCESS = ("is_success", "success", "succeed", "goal_achieved")
"""Keys of ``info``, in the order in which they count: Gymnasium's and LeRobot's, robosuite's and
Meta-World's, gym-hil's, Adroit's."""

Value = TypeVar("Value")


def reported(info: Mapping[str, Value], before: Iterable[str] = ("",)) -> Value | None:
    """Return what is reported under the first name that is there; None under none.

    Args:
        info: By name.
        before: Beginnings of the names, in order, such as ``infos/``.

    >>> reported({"succeed": True}), reported({"infos/success": 0}, ["infos/"]), reported({})
    (True, 0, None)
    """
    for name in SUCCESS:
        for beginning in before:
            if (key := beginning + name) in info:
                return info[key]
    return None


def success_names(before: Iterable[str] = ("",)) -> tuple[str, ...]:
    """Return the names with their beginnings, in order.

    >>> success_names(["next."])[:2]
    ('next.is_success', 'next.success')
    """
    return tuple(f"{beginning}{name}" for name in SUCCESS for beginning in before)
