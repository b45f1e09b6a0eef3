"""Make environments by name, and register tasks of one's own.

Importing `zprl_env` registers the shipped tasks with gymnasium, and
``gym.make("zprl_env:ZPRL-Lift-v0")`` imports it by itself; ``ZPRL-Lift-Pixels-v0`` is the same task
seen through its suite's usual cameras. No simulator is imported before one of
its environments is made.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from zprl_env.envs.settings import advise
from zprl_env.errors import ConfigurationError, MissingExtraError
from zprl_env.loading.named import load_object, names_code
from zprl_env.loading.shadowing import check_not_hidden
from zprl_env.tasks import SEEN, TASKS, Task, find_task, pixel_task


def make_env(env: str | Task, **kwargs: Any) -> gym.Env:
    """Make any environment by name.

    Args:
        env: A key of `TASKS`, such as ``"Lift"``; a gymnasium id (``"ZPRL-Lift-v0"``,
            ``"Pendulum-v1"``, ``"package:Id-v0"``); ``"module:callable"``, which is called with
            ``kwargs`` and returns a ``gymnasium.Env``; or a row that `find_task` gave, for
            processes that did not register it.
        **kwargs: Passed to the environment, for an id through ``gym.make``.

    Raises:
        UnknownNameError: There is no such environment.
        MissingExtraError: Its simulator is not installed.
        ConfigurationError: It does not take such arguments, what it imports is not installed, or
            what the callable returns is no environment.

    >>> make_env("Lfit")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown environment 'Lfit'; did you mean 'Lift'? ...
    """
    task = env if isinstance(env, Task) else find_task(env)
    if names_code(task.id):
        return _call(task.id, kwargs)
    if task.suite:
        _register(task)
        check_not_hidden("real", used=task.entry_point.startswith("real."))
    name = task.id.rpartition(":")[2]
    if task.facts_file is None and kwargs.get("task", said := task.kwargs.get("task")) != said:
        raise ConfigurationError(
            f"The environment {task.id} is of the task {said!r}. Got: task={kwargs['task']!r}. "
            f"Name that task itself in place of {task.id}."
        )
    try:
        return _within_its_limit(task, gym.make(name, **kwargs), kwargs)
    except gym.error.DependencyNotInstalled as error:
        if "pygame" in str(error):
            raise MissingExtraError("pygame", "human") from error
        raise ConfigurationError(
            f"The environment {task.id} needs what is not installed: {error}."
        ) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The environment {task.id} must find what it imports. Got: {error}. Install it for "
            f"{sys.executable}."
        ) from error
    except TypeError:
        known = gym.registry[name]
        creator: Any = known.entry_point
        made = load_env_creator(creator) if isinstance(creator, str) else creator
        own = kwargs.keys() - inspect.signature(gym.make).parameters.keys()
        _check_arguments(task.id, made, {**known.kwargs, **{k: kwargs[k] for k in own}})
        raise


def register_task(task: Task, name: str | None = None) -> str:
    """Add a task of one's own to the table: it then has a short name and gymnasium's id.

    Registering the same again changes nothing. It holds for this process: put the call into the
    package that has the environment and name it ``"package:Id-v0"``, and every command and worker
    process finds it.

    Args:
        task: The task.
        name: Its short name; the id without its version if not given.

    Returns:
        The name.

    Raises:
        ConfigurationError: The row is impossible, or name or id belong to another task.

    Example:
        >>> row = Task("Swing-v0", "lab", "gymnasium.envs.classic_control:PendulumEnv")
        >>> register_task(row)
        'Swing'
        >>> make_env("Swing").spec.max_episode_steps
        500
        >>> del TASKS["Swing"], gym.registry["Swing-v0"]
    """
    if not isinstance(task, Task):
        raise ConfigurationError(f"register_task takes a zprl_env.Task. Got: {task!r}.")
    _check(task)
    name = name or re.sub(r"^ZPRL-|-v\d+$", "", task.id)
    if TASKS.get(name) == task:
        return name
    if ":" in name or not name.strip():
        raise ConfigurationError(f"A task's name must be a word without a colon. Got: {name!r}.")
    for known, other in TASKS.items():
        if known == name or other.id in (task.id, name) or other.slug == task.slug:
            raise ConfigurationError(
                f"A task's name and id must be its own. Got: {name!r} with {task.id}, but there is "
                f"{known!r} with {other.id} already, for {other.entry_point}. Choose others."
            )
    if task.id in gym.registry and gym.registry[task.id].entry_point != task.entry_point:
        raise ConfigurationError(
            f"A task's id must be its own. Got: {task.id}, which gymnasium knows as "
            f"{gym.registry[task.id].entry_point}. Choose another version or name."
        )
    TASKS[name] = task
    _register(task)
    return name


def register_envs() -> None:
    """Register every task of `TASKS` with gymnasium; a second call changes nothing."""
    for task in TASKS.values():
        _register(task)
        if task.suite in SEEN:
            _register(pixel_task(task))


def _register(task: Task) -> None:
    if task.id in gym.registry:
        return
    gym.register(
        id=task.id,
        entry_point=task.entry_point,
        kwargs=task.kwargs,
        max_episode_steps=None if task.own_limit else task.max_episode_steps,
        # The checker looks at the first step only and every environment is checked in tests.
        disable_env_checker=True,
    )


def _check(task: Task) -> None:
    """Refuse a row that no environment could be made by."""
    parts = re.fullmatch(r"([\w-]+/)?[\w.-]+-v\d+", task.id)
    rules = (
        ("id", "gymnasium's, with a version, such as 'Reach-v0'", bool(parts)),
        ("suite", "the name of where it comes from", bool(task.suite)),
        ("entry_point", '"module:Class"', names_code(task.entry_point)),
        ("max_episode_steps", "at least 1", task.max_episode_steps >= 1),
        ("expert", '"module:Class" or None', task.expert is None or names_code(task.expert)),
    )
    for field, must, holds in rules:
        if not holds:
            raise ConfigurationError(
                f"A task's {field} must be {must}. Got: {vars(task)[field]!r}."
            )


def _call(spec: str, kwargs: dict[str, Any]) -> gym.Env:
    """Make an environment by calling ``"module:callable"``."""
    made = load_object(spec, "environment")
    if not callable(made):
        raise ConfigurationError(
            f"An environment {spec!r} must be a callable that returns a gymnasium.Env. "
            f"Got: {type(made).__name__}."
        )
    _check_arguments(spec, made, kwargs)
    env = made(**kwargs)
    if not isinstance(env, gym.Env):
        raise ConfigurationError(
            f"{spec} must return a gymnasium.Env. Got: {type(env).__module__}."
            f"{type(env).__name__}. Derive its class from gymnasium.Env, or wrap it."
        )
    return env


def _check_arguments(spec: str, made: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    """Refuse arguments that an environment does not take, and say which it takes."""
    try:
        signature = inspect.signature(made)
    except ValueError:  # written in C
        return
    try:
        signature.bind(**kwargs)
    except TypeError as error:
        known = ", ".join(signature.parameters) or "no arguments"
        advice = advise(name for name in kwargs if name not in signature.parameters)
        raise ConfigurationError(
            f"The environment {spec} takes: {known}. Got: {error}. Name them by --env-kwargs "
            f"NAME=VALUE.{' No ' + advice if ': use' in advice else ''}"
        ) from None


def _within_its_limit(task: Task, env: gym.Env, kwargs: dict[str, Any]) -> gym.Env:
    """Refuse a time limit beyond the one that an environment has by itself."""
    own, asked = getattr(env.unwrapped, "episode_steps", None), kwargs.get("max_episode_steps")
    if task.own_limit and own is not None and asked is not None and asked > own:
        env.close()
        raise ConfigurationError(
            f"max_episode_steps must be at most {own}, the environment's own limit. Got: {asked}. "
            f"Set episode_steps in its preset."
        )
    return env


register_envs()
