"""Motion of a robot's end effectors: velocity, acceleration, jerk, and what safety did about it."""

from __future__ import annotations

from typing import Any

import numpy as np

from real.recording.recorder import Step


class Motion:
    """A recorder that measures how the arms moved.

    Velocity, acceleration and jerk are root mean squares, over all arms, of finite differences of
    the measured positions at the control period.

    Attributes:
        squares: Sums of squared velocities, accelerations and jerks, and how many.
        interventions: Actions whose target lay outside of the box.
        stops: Emergency stops.
        actions: All actions.
        seconds: Robot time of the episodes [s].
    """

    def __init__(self) -> None:
        self.squares, self.counts = np.zeros(3), np.zeros(3)
        self.interventions = self.stops = self.actions = 0
        self.seconds = 0.0
        self._positions: list[np.ndarray] = []
        self._rate = 0.0

    def begin(self, preset: Any, observation: Any, state: Any, info: Any) -> None:
        """Begin an episode."""
        self._positions, self._rate = [], float(preset.control_rate)

    def add(self, step: Step) -> None:
        """Note an action."""
        self._positions += [tick.state.position for tick in step.ticks if tick.state is not None]
        self.actions += 1
        safety = step.info["safety"]
        self.interventions += safety["clipped"] > 0.0 or safety["clipped_rotation"] > 0.0
        self.stops += bool(safety["stop"])

    def end(self, outcome: str) -> None:
        """Take the differences of an episode."""
        motion = np.array(self._positions)
        self.seconds += len(motion) / self._rate
        for order in range(3):
            motion = np.diff(motion, axis=0) * self._rate
            lengths = np.linalg.norm(motion, axis=-1)
            self.squares[order] += np.sum(lengths**2)
            self.counts[order] += lengths.size

    def close(self) -> None:
        """Do nothing."""

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as values of JSON."""
        velocity, acceleration, jerk = np.sqrt(self.squares / self.counts).tolist()
        return {
            "velocity": velocity,
            "acceleration": acceleration,
            "jerk": jerk,
            "interventions": self.interventions,
            "stops": self.stops,
            "actions": self.actions,
            "robot_minutes": self.seconds / 60,
        }
