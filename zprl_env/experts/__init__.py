"""Scripted experts that record demonstrations of any quality, without a download."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import Any

from zprl_env.errors import ConfigurationError, NoExpertError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import SKILLS, Demonstrator, Quality, sample_quality
from zprl_env.loading.named import load_object
from zprl_env.tasks import find_task, tasks_with_expert

Operator = Demonstrator
"""The name it had before 0.1: at a robot, the operator is who stands beside it."""

__all__ = [
    "SKILLS",
    "Demonstrator",
    "Expert",
    "Operator",
    "Quality",
    "make_expert",
    "sample_quality",
]


def make_expert(
    task: str, expert: str | None = None, env_kwargs: Mapping[str, Any] | None = None
) -> Expert:
    """Make the expert for a task.

    Args:
        task: A name in `zprl_env.envs.TASKS`, or another environment's with an expert given.
        expert: ``module:Class`` of an :class:`Expert` of one's own; the task's own if not given.
        env_kwargs: What its environment is made with; a robot's ``task`` is another preset.

    Raises:
        ConfigurationError: The expert given is no :class:`Expert`.
        NoExpertError: Nobody here knows how to do it.
        UnknownNameError: There is no such task.
        MissingExtraError: The expert comes with a suite that is not installed.

    Example:
        >>> make_expert("Lift")
        <zprl_env.experts.robosuite.lift.LiftExpert object at ...>
        >>> make_expert("Wipe")
        Traceback (most recent call last):
        zprl_env.errors.NoExpertError: Wipe has no scripted expert, so that no demonstrations ...
    """
    row = find_task(task)
    name = {**row.kwargs, **(env_kwargs or {})}.get("task", row.id)
    if expert is not None:
        found = load_object(expert, "expert")
        if not (isinstance(found, type) and issubclass(found, Expert)):
            raise ConfigurationError(
                f"An expert must be a class derived from zprl_env.experts.Expert. Got: {expert}, "
                f"{found!r}."
            )
        return found(name)
    if row.expert is None:
        raise NoExpertError(task, tasks_with_expert(task))
    made: Expert = pkgutil.resolve_name(row.expert)(name)
    return made
