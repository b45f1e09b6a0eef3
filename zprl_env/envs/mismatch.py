"""Mismatch between an environment and the one that demonstrations were recorded in, as a setting.

Heavier objects, slippery surfaces, a late gripper, a tracker that is off, starts that nobody
showed: what differs on the day of deployment, by numbers. ``make_env("Lift",
mismatch={"object_mass": 4})`` is the same task with a cube of four times the mass. Nothing of it is
drawn: the same seed begins the same episode, and without a mismatch nothing changes, to the bit.
"""

from __future__ import annotations

import abc
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import ConfigurationError, UnknownNameError

OPEN = -1.0
"""Command by which a gripper stays open until the first one arrives."""


class Mismatched(abc.ABC):
    """Hooks that a mismatch is made by, of a simulated environment or robot.

    Each changes something for good and returns True, or returns False where there is nothing to
    change, which is told by the one who asked.
    """

    @abc.abstractmethod
    def _simulation(self) -> tuple[Any, Any]:
        """Return the ``mujoco.MjModel`` and its ``mujoco.MjData``."""

    def _delay_gripper(self, seconds: float) -> bool:
        """Let the gripper's commands arrive later [s]."""
        return False

    def _shift_objects(self, metres: float) -> bool:
        """Show every object farther along x than it is [m]."""
        return False

    def _widen_starts(self, factor: float) -> bool:
        """Draw the objects' starts from a region so many times as wide, about its centre."""
        return False


RANGES: dict[str, Callable[[float], bool]] = {
    " above 0": lambda value: value > 0.0,
    " of at least 0": lambda value: value >= 0.0,
    "": lambda value: True,
}
"""Ranges of numbers, in words."""


class Kind(NamedTuple):
    """Kind of mismatch, a row of `KINDS`.

    Attributes:
        neutral: Number that changes nothing.
        unit: Unit of the number.
        range: Range of the number, in the words of `RANGES`.
        needs: What an environment must have for it.
        change: Makes it; False where the environment lacks that.
    """

    neutral: float
    unit: str
    range: str
    needs: str
    change: Callable[[Mismatched, float], bool]


def _scale_mass(where: Mismatched, factor: float) -> bool:
    """Multiply mass and inertia of all that moves freely; False if nothing does."""
    mujoco: Any = import_mujoco()
    model, _ = where._simulation()
    free = model.jnt_bodyid[model.jnt_type == mujoco.mjtJoint.mjJNT_FREE]
    bodies = np.isin(model.body_rootid, model.body_rootid[free])
    model.body_mass[bodies] *= factor
    model.body_inertia[bodies] *= factor
    mujoco.mj_setConst(model, mujoco.MjData(model))  # what is computed from masses
    return len(free) > 0


def _scale_friction(where: Mismatched, factor: float) -> bool:
    """Multiply the friction of all surfaces: of two that touch, the larger one counts."""
    model, _ = where._simulation()
    model.geom_friction[:] *= factor
    model.pair_friction[:] *= factor
    return True


def _delay(where: Mismatched, seconds: float) -> bool:
    return where._delay_gripper(seconds)


def _shift(where: Mismatched, metres: float) -> bool:
    return where._shift_objects(metres)


def _widen(where: Mismatched, factor: float) -> bool:
    return where._widen_starts(factor)


KINDS: dict[str, Kind] = {
    "object_mass": Kind(1.0, "times", " above 0", "an object that moves freely", _scale_mass),
    "friction": Kind(1.0, "times", " above 0", "surfaces", _scale_friction),
    "gripper_delay": Kind(0.0, "s", " of at least 0", "a gripper", _delay),
    "observation_bias": Kind(0.0, "m", "", "positions of objects to observe", _shift),
    "start_region": Kind(1.0, "times", " above 0", "a region that objects start in", _widen),
}
"""Kinds by name: the objects' mass and the surfaces' friction [times], the delay of the gripper's
commands [s], the shift of the observed objects along x [m], and the width of the region that an
episode's layout is drawn from [times]. A new one is a row here, and a hook where it takes more than
MuJoCo's model."""


def read_mismatch(given: Any) -> dict[str, float]:
    """Check a mismatch as it was given, and leave out what changes nothing.

    Args:
        given: Numbers by the names of `KINDS`, or None.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigurationError: It is no mapping of names to numbers, or one is out of its range.

    >>> read_mismatch({"object_mass": 4, "friction": 1.0})
    {'object_mass': 4.0}
    >>> read_mismatch({"mass": 4})
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown kind of mismatch 'mass'; ...
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"mismatch must be numbers by name. Got: {given!r}. Try "
            """mismatch={"object_mass": 4}, on a command line '--env-kwargs', """
            """'mismatch={"object_mass": 4}'."""
        )
    found = {}
    for name, value in given.items():
        if name not in KINDS:
            raise UnknownNameError("kind of mismatch", str(name), KINDS)
        kind = KINDS[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not RANGES[kind.range](value):
            raise ConfigurationError(
                f"mismatch's {name} [{kind.unit}] must be a number{kind.range}; {kind.neutral:g} "
                f"changes nothing. Got: {value!r}."
            )
        if value != kind.neutral:
            found[name] = float(value)
    return found


def make_mismatch(where: Mismatched, mismatch: Mapping[str, float], what: str) -> None:
    """Make a mismatch in an environment that has just been made.

    Args:
        where: The environment, or what simulates it.
        mismatch: What `read_mismatch` has read.
        what: The environment's name, for errors.

    Raises:
        ConfigurationError: The environment cannot differ in one of them.
    """
    for name, value in mismatch.items():
        if not KINDS[name].change(where, value):
            raise ConfigurationError(
                f"The mismatch {name} takes {KINDS[name].needs}. Got: {what}, which has none. "
                f"Leave it out; there are {', '.join(KINDS)}."
            )


def described(env_args: dict[str, Any], mismatch: Mapping[str, float]) -> dict[str, Any]:
    """Add a mismatch to an environment's description, in which none leaves no trace.

    >>> described({"env_name": "Lift"}, {}), described({}, {"friction": 0.5})
    ({'env_name': 'Lift'}, {'mismatch': {'friction': 0.5}})
    """
    return env_args | ({"mismatch": dict(mismatch)} if mismatch else {})


class LateNumbers:
    """Delay of some numbers of an action by whole control steps; the gripper's, which stay open.

    Args:
        indices: Which numbers.
        steps: Control steps.

    Example:
        >>> late = LateNumbers([1], 1)
        >>> late(np.array([0.1, 1.0])), late(np.array([0.2, 0.5]))
        (array([ 0.1, -1. ]), array([0.2, 1. ]))
    """

    def __init__(self, indices: Sequence[int], steps: int) -> None:
        self._indices, self._steps = list(indices), steps
        self._waiting: deque[np.ndarray] = deque()
        self.clear()

    def clear(self) -> None:
        """Begin an episode."""
        nothing = np.full(len(self._indices), OPEN)
        self._waiting = deque([nothing] * self._steps)

    def __call__(self, action: np.ndarray) -> np.ndarray:
        """Return the action with the numbers that arrive now. Shape ``(A,)``."""
        action = action.copy()
        self._waiting.append(action[self._indices])
        action[self._indices] = self._waiting.popleft()
        return action
