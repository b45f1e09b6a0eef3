"""Grippers under way: continuous ones by their speed, binary ones once per change."""

from __future__ import annotations

import numpy as np

from real.tasks.preset import Preset


class Grips:
    """The openings that N grippers are sent to, one control period after the other.

    A continuous gripper goes towards where it is sent with the preset's ``gripper_velocity``, and
    is closed all the way where that is below ``shut_below``. A
    binary one is closed, 0, or open, 1: it changes when it is sent below ``close_below`` or above
    ``open_above``, and not before ``pause`` has passed since it changed last.

    Args:
        preset: The task.

    Example:
        >>> from real.tasks.files import load_preset
        >>> grips = Grips(load_preset("flip-egg"))  # whose hand is Franka's
        >>> opened = np.ones(1)
        >>> [grips.goal(np.array([x]), opened).item() for x in (0.7, 0.5, 0.3)]
        [1.0, 1.0, 0.0]
        >>> grips.advance(opened, np.zeros(1), 1.0)
        array([0.])
    """

    def __init__(self, preset: Preset) -> None:
        grips = [arm.gripping for arm in preset.arms]
        self._binary = np.array([grip.kind == "binary" for grip in grips])
        self._shut = np.array([grip.shut_below for grip in grips])
        self._close = np.array([grip.close_below for grip in grips])
        self._open = np.array([grip.open_above for grip in grips])
        self._pause = np.array([np.ceil(g.pause * preset.control_rate - 1e-6) for g in grips])
        speeds = np.array([arm.safety.gripper_velocity for arm in preset.arms])
        self.most = speeds / preset.control_rate
        self._since = np.full(len(grips), np.inf)
        self._told: np.ndarray | None = None  # what binary hands were told last

    def begin(self, measured: np.ndarray) -> np.ndarray:
        """Return where grippers are taken to be that were measured somewhere. Shape ``(N,)``.

        A binary hand is where it was told to be: it may be closed around something.
        """
        told = np.round(measured) if self._told is None else self._told
        return np.where(self._binary, told, measured)

    def goal(self, wanted: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Return what a wanted opening means, from where the grippers were sent. Shape ``(N,)``."""
        wanted = np.where(wanted < self._shut, 0.0, wanted)
        if not self._binary.any():
            return wanted
        shut = np.where(wanted < self._close, 0.0, np.where(wanted > self._open, 1.0, now))
        return np.where(self._binary, shut, wanted)

    def advance(self, now: np.ndarray, goal: np.ndarray, speed: float) -> np.ndarray:
        """Return the next openings on the way to a goal.

        Args:
            now: Where the grippers were sent last. Shape ``(N,)``.
            goal: Where they are to go. Shape ``(N,)``.
            speed: Fraction of their velocities to move with.
        """
        most = speed * self.most
        moved = now + np.minimum(np.maximum(goal - now, -most), most)
        if self._binary.any():
            self._since += 1.0
            changes = self._binary & (goal != now) & (self._since >= self._pause)
            moved = np.where(self._binary, np.where(changes, goal, now), moved)
            self._since[changes] = 0.0
            self._told = moved
        return moved
