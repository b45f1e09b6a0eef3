"""Scripted experts: demonstrations of any quality, without a download."""

from __future__ import annotations

import pkgutil

from zprl_env.errors import UnknownNameError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import SKILLS, Demonstrator, Quality, sample_quality
from zprl_env.tasks import TASKS, task_name

__all__ = ["SKILLS", "Demonstrator", "Expert", "Quality", "make_expert", "sample_quality"]


def make_expert(task: str) -> Expert:
    """Make the expert for a task.

    Args:
        task: A name in `zprl_env.envs.TASKS`.

    Raises:
        UnknownNameError: There is no such task, or nobody here knows how to do it.
        MissingExtraError: The expert comes with a suite that is not installed.

    Example:
        >>> make_expert("Lift")
        <zprl_env.experts.robosuite.lift.LiftExpert object at ...>
        >>> make_expert("Wipe")
        Traceback (most recent call last):
        zprl_env.errors.UnknownNameError: unknown expert 'Wipe'; did you mean 'pen'? Known: ...
    """
    row = TASKS[task_name(task)]
    if row.expert is None:
        raise UnknownNameError("expert", task, [name for name, t in TASKS.items() if t.expert])
    expert: Expert = pkgutil.resolve_name(row.expert)(row.kwargs["task"])
    return expert
