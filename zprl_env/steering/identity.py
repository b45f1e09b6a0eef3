"""Identity of the task that a policy was trained on, and of an environment's: warn if they differ.

Sizes that agree say nothing: Can and Square have the same ones. A checkpoint holds ``env_args``,
robomimic's description of the environment of its demonstrations, and ours describe themselves so.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from zprl_env.errors import TaskMismatchWarning
from zprl_env.meaning.actions import strange_actions
from zprl_env.meaning.rate import same_rate, trained_rate
from zprl_env.tasks import TASKS

_RATE = "rate [Hz]"
FACTS = {
    "robots": "robot",
    "control_freq": _RATE,
    "gripper_types": "gripper",
    "env_configuration": "arrangement of the arms",
    "action_repeat": "action repeat",
    "action": "kind of action",
    "goal_observable": "goal in the observation",
    "success": "criterion of success",
}
"""Arguments of an environment that make it another one for a policy, in words."""
PRESET_FACTS = {
    "rate": _RATE,
    "control_rate": "control rate [Hz]",
    "action": "action",
    "action_scale": "scale of actions",
}
"""The same of a robot's preset."""


def warn_of_another_task(
    policy: object, env_args: object, actions: gym.Space, rate: float | None
) -> None:
    """Warn that a policy was trained on another task, robot, rate or unit than an environment's.

    Args:
        policy: The policy; its description holds ``env_args`` if it comes from a checkpoint, and
            ``rate`` if its data had one.
        env_args: The environment's own.
        actions: The environment's space of single actions.
        rate: Its steps per second, if it says them.
    """
    if told := different(policy, env_args, actions, rate):
        warnings.warn(
            f"The policy was trained for another environment than it is put into, though the sizes "
            f"agree: {told}. If that is meant, ignore this; else give the policy of this task.",
            TaskMismatchWarning,
            stacklevel=_outside(),
        )


def different(policy: object, env_args: object, actions: gym.Space, rate: float | None) -> str:
    """Tell how a policy's task, rate and units of actions differ from an environment's.

    Args:
        policy: As :func:`warn_of_another_task` takes it, as are the others.
        env_args: As there.
        actions: As there.
        rate: As there.

    Returns:
        Words that name both sides; empty if they agree, or if either says nothing.
    """
    metadata = getattr(policy, "metadata", None)
    trained = metadata.get("env_args") if isinstance(metadata, Mapping) else None
    told = [difference(trained, env_args), strange_actions(policy, actions)]
    learned = trained_rate(policy)
    if learned and rate and not same_rate(learned, rate) and _RATE not in told[0]:
        told.append(f"{_RATE} {learned:g} and {rate:g}")
    return ", ".join(filter(None, told))


def _outside() -> int:
    """Return the stack level of the caller outside of this package, for a warning."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("zprl_env."):
        level, frame = level + 1, frame.f_back
    return level


def difference(trained: object, given: object) -> str:
    """Tell how the environment of a policy's demonstrations and another one differ.

    Args:
        trained: The former's ``env_args``.
        given: The latter's.

    Returns:
        Words that name both sides; empty if they agree, or if either says nothing.

    >>> difference({"env_name": "PickPlaceCan"}, {"env_name": "NutAssemblySquare"})
    "task 'PickPlaceCan' and 'NutAssemblySquare'"
    >>> difference({"env_name": "Can"}, {"env_name": "Can", "env_kwargs": {"robots": "UR5e"}})
    ''
    """
    if not isinstance(trained, Mapping) or not isinstance(given, Mapping):
        return ""
    sides = [_facts(trained), _facts(given)]
    return ", ".join(
        f"{name} {sides[0][name]!r} and {sides[1][name]!r}"
        for name in sides[0]
        if name in sides[1] and _plain(sides[0][name]) != _plain(sides[1][name])
    )


def _facts(env_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return what matters of an environment's description, by name in words."""
    facts: dict[str, Any] = {}
    name = env_args.get("env_name")
    if isinstance(name, str) and name:
        states = name.removesuffix("-pixels")  # a preset that sees is of the same task
        facts["task"] = TASKS[states].id if states in TASKS else states
    kwargs = env_args.get("env_kwargs")
    kwargs = kwargs if isinstance(kwargs, Mapping) else {}
    facts |= {word: kwargs[key] for key, word in FACTS.items() if kwargs.get(key) is not None}
    if (kind := _kind_of_action(kwargs)) is not None:
        facts["kind of action"] = kind
    preset = kwargs.get("preset")
    if isinstance(preset, Mapping):
        facts |= {word: preset[key] for key, word in PRESET_FACTS.items() if key in preset}
        arms = preset.get("arms")
        if isinstance(arms, list) and all(isinstance(arm, Mapping) for arm in arms):
            facts["robot"] = [f"{arm.get('model')} with {arm.get('gripper')}" for arm in arms]
    return facts


def _kind_of_action(kwargs: Mapping[str, Any]) -> str | None:
    """Tell delta from absolute actions of robosuite; None if nothing says either."""
    configs = kwargs.get("controller_configs")
    if configs is None:
        return "delta" if "control_freq" in kwargs or "robots" in kwargs else None
    text = str(configs)
    absolute = re.search(r"'input_type': 'absolute'|'control_delta': False", text)
    return "absolute" if absolute else "delta"


def _plain(value: Any) -> Any:
    """Return a value as it is compared: without versions, and one robot as a list of it."""
    if isinstance(value, str):
        return [re.sub(r"[-_]v\d+$", "", value).lower()]
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list | tuple):
        return [part for item in value for part in _as_list(_plain(item))]
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
