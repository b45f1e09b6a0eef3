"""Range of actions: what a demonstration's numbers are compared with before one learns from them.

A robosuite file states it in its controllers' settings, a Minari dataset in its space. For any
other, gymnasium makes the environment once and its action space is read; this package itself knows
no environment.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from policies.demonstrations.absolute_actions import marked
from policies.errors import ConfigurationError

PLUGIN = "zprl_env"
"""Package whose import registers this project's environments with gymnasium."""
_ROBOSUITE = 1
_TOLERANCE = 1e-3
_SMALL = 0.02
"""Share of a range within which all actions lie only if they are meant in another unit."""


class ActionRange(NamedTuple):
    """Smallest and largest actions of an environment.

    Attributes:
        of: The environment's name.
        low: Shape ``(A,)``, or one number for all actions.
        high: The same.
    """

    of: str
    low: np.ndarray
    high: np.ndarray

    def text(self) -> str:
        """Write the range in words, such as ``[-1, 1]``.

        >>> ActionRange("Lift", np.array([-1.0]), np.array([1.0])).text()
        '[-1, 1]'
        """
        ends = sorted({(float(a), float(b)) for a, b in zip(self.low, self.high, strict=True)})
        shown = [f"[{a:g}, {b:g}]" for a, b in ends[:3]]
        return ", ".join(shown) + (", ..." if len(ends) > 3 else "")


def stated_range(
    env_args: Mapping[str, Any], bounds: tuple[np.ndarray, np.ndarray] | None = None
) -> ActionRange | None:
    """Return the range that a file states itself, or that of a known environment it names.

    Args:
        env_args: robomimic's description of the environment.
        bounds: Smallest and largest actions that are stored beside the data, if any.

    Returns:
        The range; None if nothing is known. Nothing that a file names is imported.
    """
    name = str(env_args.get("env_name", "the dataset"))
    if bounds is not None:
        return ActionRange(name, *bounds)
    if env_args.get("type") == "real":  # a preset's limits are the ends of this range
        return ActionRange(name, -np.ones(1), np.ones(1))
    if env_args.get("type") == _ROBOSUITE:
        return None if marked(dict(env_args)) else ActionRange(name, -np.ones(1), np.ones(1))
    if "env_name" not in env_args or not re.fullmatch(r"[\w-]{1,80}", name):
        return None
    try:
        return range_of(name)
    except ConfigurationError:
        return None


def range_of(env: str) -> ActionRange:
    """Return the range of an environment's actions.

    Args:
        env: A task such as ``"Lift"`` or ``"box-close"``, or any gymnasium id.

    Raises:
        ConfigurationError: There is no such environment, it is not installed, or its actions are no
            vectors of numbers.
    """
    try:
        import gymnasium as gym
    except ModuleNotFoundError as error:  # a machine that has a GPU and little else
        raise ConfigurationError(
            f"the actions of {env} are read from its environment, which gymnasium makes; install "
            "gymnasium, or name none. Got: no gymnasium."
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = gym.make(_gym_id(env, gym))
    except Exception as error:  # whatever a simulator that is not installed raises
        raise ConfigurationError(
            f"env must be a task or a gymnasium id whose environment can be made. Got: {env!r}: "
            f"{' '.join(str(error).split())[:200]}"
        ) from error
    space: Any = made.action_space
    made.close()
    if not isinstance(space, gym.spaces.Box):
        raise ConfigurationError(f"the actions of {env} must be a Box. Got: {space}.")
    return ActionRange(env, np.ravel(space.low), np.ravel(space.high))


def range_notes(actions: np.ndarray, known: ActionRange) -> list[str]:
    """Say where actions do not look like those of an environment.

    Args:
        actions: Of all episodes. Shape ``(N, A)``.
        known: The environment's range.

    Returns:
        Sentences that name both sides; none if nothing is strange.

    Example:
        >>> lift = ActionRange("Lift", -np.ones(1), np.ones(1))
        >>> range_notes(np.array([[50.0], [-50.0]]), lift)[0]
        'action 0 goes from -50 to 50, and Lift takes [-1, 1]: 100% of the values would be clipped'
    """
    size = actions.shape[1]
    if len(known.low) not in (1, size):
        return [f"an action has {size} numbers, and {known.of} takes {len(known.low)}"]
    low, high = (np.broadcast_to(end, size) for end in (known.low, known.high))
    margin = _TOLERANCE * np.where(np.isfinite(high - low), high - low, 1.0)
    outside = ((actions < low - margin) | (actions > high + margin)).mean(0)
    least, most = actions.min(0), actions.max(0)
    clipped: dict[str, list[int]] = {}
    notes = []
    for i in range(size):
        ends = f"[{low[i]:g}, {high[i]:g}]"
        if outside[i]:
            clipped.setdefault(ends, []).append(i)
        elif low[i] < 0.0 < high[i] and _is_switch(actions[:, i]):
            notes.append(
                f"action {i} is 0 or {most[i]:g}, and {known.of} takes {ends}: is it a gripper in "
                "{0, 1}? 0 is the middle there, not an end"
            )
    for ends, where in clipped.items():
        share = outside[where].mean()
        notes.append(
            f"{_actions(where)} from {least[where].min():.3g} to {most[where].max():.3g}, and "
            f"{known.of} takes {ends}: {'below 1%' if share < 0.01 else f'{share:.0%}'} of the "
            "values would be clipped"
        )
    width = np.where(np.isfinite(high - low), high - low, 0.0)
    if len(actions) > 1 and (width > 0).all() and (most - least < _SMALL * width).all():
        notes.append(
            f"all actions lie within {_SMALL:.0%} of {known.text()}, which {known.of} takes: are "
            "they meant in another unit?"
        )
    return notes


def _is_switch(values: np.ndarray) -> bool:
    """Tell values of both 0 and 1, hard or nearly so."""
    off, on = np.abs(values) < 0.02, np.abs(values - 1.0) < 0.02
    return bool((values >= -0.02).all() and (off | on).mean() > 0.9 and on.any() and off.any())


def _actions(where: list[int]) -> str:
    if len(where) == 1:
        return f"action {where[0]} goes"
    whole = where == list(range(where[0], where[-1] + 1))
    names = f"{where[0]} to {where[-1]}" if whole else ", ".join(map(str, where))
    return f"actions {names} go"


def _gym_id(env: str, gym: Any) -> str:
    """Find the gymnasium id of a task, by its own rules of names; others stay as they are."""
    if env in gym.registry or ":" in env:
        return env
    __import__(PLUGIN)
    words = re.sub(r"-v\d+$", "", env).removeprefix("AdroitHand").split("-")
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    suites = ("Adroit", "Metaworld", "") if env.islower() or "Adroit" in env else ("",)
    names = [f"ZPRL-{env}-v0", *(f"ZPRL-{suite}{joined}-v0" for suite in suites)]
    known = {name.removeprefix("ZPRL-").removesuffix("-v0").lower(): name for name in gym.registry}
    found = [name for name in names if name in gym.registry]
    return found[0] if found else known.get("".join(words).lower(), env)
