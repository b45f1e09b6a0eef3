"""An arm with absolute pose actions, for scripted experts that command one hand."""

from __future__ import annotations

import numpy as np

from real.tasks.coordinates import GRIPPER, POSITION, ROTATION
from real.tasks.layout import ActionLayout
from real.tasks.preset import Preset
from zprl_env.experts.robosuite.arm import SMOOTHING, Arm

LEAD = 0.08
"""Distance by which the fastest person aims ahead of the hand, for the arm follows with a delay
[m].
"""
WIDEST = 0.085
"""Distance between a Robotiq's open fingers [m]."""


class PoseArm(Arm):
    """The only arm of a preset with absolute actions, moved as a teleoperator's hand would.

    Args:
        preset: The task.

    Example:
        >>> from real.tasks.files import load_preset
        >>> from zprl_env.experts.robosuite.arm import OPEN
        >>> arm = PoseArm(load_preset("place-orange"))
        >>> arm.observe({
        ...     "position": np.array([0.42, 0.0, 0.28]),
        ...     "rotation_6d": np.array([1.0, 0.0, 0.0, 0.0, -1.0, 0.0]),
        ...     "gripper": np.array([1.0]),
        ... })
        >>> action = arm.towards(np.array([0.42, 0.0, 0.1]), OPEN, turn=0.0, speed=0.5)
        >>> action.astype(float).round(3).tolist()
        [0.0, 0.0, -0.04, 0.0, 1.0, 0.0, 0.0, 1.0]
    """

    def __init__(self, preset: Preset) -> None:
        super().__init__("")
        self._layout = ActionLayout(preset)

    @property
    def position(self) -> np.ndarray:
        """Point at which the fingers meet. Shape ``(3,)`` [m]."""
        return np.asarray(self._observation["position"], dtype=np.float64)

    @property
    def yaw(self) -> float:
        """Turn of the hand about the vertical [rad]."""
        rows = self._observation["rotation_6d"]
        return float(np.arctan2(rows[3], rows[0]))

    @property
    def gap(self) -> float:
        """Distance between the fingers [m]."""
        return WIDEST * float(self._observation["gripper"][0])

    def towards(self, goal: np.ndarray, grip: float, *, turn: float, speed: float) -> np.ndarray:
        """Return the action of one control step towards a goal; see `Arm.towards`.

        Returns:
            Shape ``(8,)``, float32.
        """
        target = self._layout.home.copy()
        target[0, POSITION], target[0, ROTATION] = self._aim(goal, turn, speed)
        target[0, GRIPPER] = 0.5 * (1.0 - grip)
        action = self._layout.action(target, target).astype(np.float32)
        return np.clip(action, -1.0, 1.0)

    def _aim(self, goal: np.ndarray, turn: float, speed: float) -> tuple[np.ndarray, np.ndarray]:
        """Return where the hand is aimed on its way to a goal [m], and its rotation vector."""
        wanted = goal - self.position
        wanted *= min(1.0, LEAD * speed / max(float(np.linalg.norm(wanted)), 1e-9))
        self._velocity = self._velocity + (1.0 - SMOOTHING) * (wanted - self._velocity)
        # The hand looks down, so its own vertical is the world's upside down.
        turned = -(self.yaw + np.clip(turn, -0.3 * speed, 0.3 * speed))
        return self.position + self._velocity, np.array([0.0, 0.0, turned])
