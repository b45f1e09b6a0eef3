"""The environments' gymnasium ids, and environments by name.

Importing `zprl_env` registers them, and ``gym.make("zprl_env:ZPRL-Lift-v0")`` imports it by
itself. No simulator is imported before one of its environments is made.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from zprl_env.tasks import TASKS, task_name


def register_envs() -> None:
    """Register every task of `TASKS` with gymnasium; a second call changes nothing."""
    for task in TASKS.values():
        if task.id in gym.registry:
            continue
        gym.register(
            id=task.id,
            entry_point=task.entry_point,
            kwargs=task.kwargs,
            max_episode_steps=None if task.own_limit else task.max_episode_steps,
            # The checker looks at the first step only and every environment is checked in tests.
            disable_env_checker=True,
        )


def make_env(name: str, **kwargs: Any) -> gym.Env:
    """Make an environment by its short name, the way ``gym.make`` does by its id.

    Args:
        name: A key of `TASKS`, such as ``"Lift"``, or its gymnasium id.
        **kwargs: Passed to ``gym.make`` and from there to the environment.

    Raises:
        UnknownNameError: No task has this name.
        MissingExtraError: Its simulator is not installed.

    >>> make_env("Lfit")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown environment 'Lfit'; did you mean 'Lift'? ...
    """
    return gym.make(TASKS[task_name(name)].id, **kwargs)


register_envs()
