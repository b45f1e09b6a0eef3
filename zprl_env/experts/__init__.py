"""Scripted experts: demonstrations of any quality, without a download."""

from __future__ import annotations

from zprl_env.errors import UnknownNameError
from zprl_env.experts.base import Expert
from zprl_env.experts.lift import LiftExpert
from zprl_env.experts.quality import SKILLS, Operator, Quality, sample_quality

__all__ = [
    "EXPERTS",
    "SKILLS",
    "Expert",
    "LiftExpert",
    "Operator",
    "Quality",
    "make_expert",
    "sample_quality",
]

EXPERTS: dict[str, type[Expert]] = {"Lift": LiftExpert}
"""The experts by the name of their task, as in ``zprl_env.envs.TASKS``."""


def make_expert(task: str) -> Expert:
    """Make the expert for a task.

    Args:
        task: A key of `EXPERTS`.

    Raises:
        UnknownNameError: Nobody here knows how to do this task.

    Example:
        >>> make_expert("Lfit")
        Traceback (most recent call last):
        zprl_env.errors.UnknownNameError: unknown expert 'Lfit'; did you mean 'Lift'? Known: 'Lift'
    """
    if task not in EXPERTS:
        raise UnknownNameError("expert", task, EXPERTS)
    return EXPERTS[task]()
