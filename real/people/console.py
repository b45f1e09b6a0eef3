"""The console's on-screen stick as a person's device."""

from __future__ import annotations

from typing import Protocol

from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.preset import Preset


class Hands(Protocol):
    """Hands of a person at a page, as :class:`real.console.hands.Hands` keeps them."""

    def begin(self, arms: int) -> None:
        """Begin an episode, with no hand on the stick."""
        ...

    def said(self, now: float) -> Input:
        """Return what the hands say."""
        ...


class ConsoleTeleoperator:
    """The stick on the console's page as a person's device.

    Args:
        preset: The task.
        hands: The console's, which whoever opens it gives.

    Raises:
        TeleoperatorError: There is no console.
    """

    def __init__(self, preset: Preset, hands: Hands | None = None) -> None:
        if hands is None:
            raise TeleoperatorError(
                "teleoperator='console' must come with a console. Got: none. Give --console as "
                "well, or console=Desk() in a script."
            )
        self._hands = hands
        self.begin(preset)

    def connect(self) -> None:
        """Do nothing: pages come and go."""

    def begin(self, preset: Preset) -> None:
        """Let go of everything: an episode begins."""
        self._hands.begin(len(preset.arms))

    def read(self, now: float) -> Input:
        """Return what the hands say."""
        return self._hands.said(now)

    def close(self) -> None:
        """Do nothing."""
