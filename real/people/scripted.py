"""A person whose motions a program gives, for tests and scripts."""

from __future__ import annotations

from collections.abc import Callable

from real.people.teleoperator import Input
from real.tasks.preset import Preset

Script = Callable[[float], Input]
"""Function from the time by the robot's clock [s] to what is said."""


class ScriptedTeleoperator:
    """A teleoperator that says what a program has it say.

    Args:
        preset: The task.
        script: What to say at any time; nothing if not given.

    Attributes:
        says: What is said, in place of a script; the stamp is left to :meth:`read`.
        connected: Whether it is reached.

    Example:
        >>> from real.tasks.files import load_preset
        >>> person = ScriptedTeleoperator(load_preset("place-orange"))
        >>> person.says = Input(0.0, mine=True)
        >>> person.read(2.5)
        Input(stamp=2.5, mine=True, rate=None, gripper=None, leader=None, buttons=frozenset())
    """

    speed = 1.0

    def __init__(self, preset: Preset, script: Script | None = None) -> None:
        self.says = Input(0.0)
        self._script = script
        self.connected = False

    def connect(self) -> None:
        """Be there."""
        self.connected = True

    def read(self, now: float) -> Input:
        """Return what is to be said."""
        return self.says._replace(stamp=now) if self._script is None else self._script(now)

    def close(self) -> None:
        """Leave."""
        self.connected = False
