"""The environments' gymnasium ids, in one table.

Importing `zprl_env` registers them, and ``gym.make("zprl_env:ZPRL-Lift-v0")`` imports it by
itself. No simulator is imported before one of its environments is made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym

from zprl_env.errors import UnknownNameError


class Task(NamedTuple):
    """One row of the table.

    Attributes:
        entry_point: ``"module:Class"`` of the environment.
        kwargs: What the class is constructed with.
        max_episode_steps: Control steps after which gymnasium's ``TimeLimit`` truncates.
    """

    entry_point: str
    kwargs: dict[str, Any]
    max_episode_steps: int

    @staticmethod
    def gym_id(name: str) -> str:
        """Return the gymnasium id of a task's name.

        >>> Task.gym_id("Lift")
        'ZPRL-Lift-v0'
        """
        return f"ZPRL-{name}-v0"


TASKS: dict[str, Task] = {
    "Lift": Task("zprl_env.envs.robosuite:RobosuiteEnv", {"task": "Lift"}, 150),
}


def register_envs() -> None:
    """Register every task of `TASKS` with gymnasium; a second call changes nothing."""
    for name, task in TASKS.items():
        if Task.gym_id(name) in gym.registry:
            continue
        gym.register(
            id=Task.gym_id(name),
            entry_point=task.entry_point,
            kwargs=task.kwargs,
            max_episode_steps=task.max_episode_steps,
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

    >>> make_env("Lfit")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown environment 'Lfit'; did you mean 'Lift'? Known: 'Lift'
    """
    ids = {Task.gym_id(task) for task in TASKS}
    if name not in TASKS and name not in ids:
        raise UnknownNameError("environment", name, TASKS)
    return gym.make(name if name in ids else Task.gym_id(name), **kwargs)


register_envs()
