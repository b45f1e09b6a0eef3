"""Standstill: whether arms are found at rest, by sensors that live, so that a motion may begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from real.robot import RobotState

RESTING = 0.5
"""Time that arms get to come to rest before a motion begins [s]."""
STILL = 0.02
"""Measured speed below which an end effector counts as at rest [m/s]."""
STILL_TURNING = 0.1
"""The same of a rotation, or of a joint [rad/s]."""

CREEPING = 1e-3
"""Way per period above which arms creep, in half of the way that they may make in one."""
REPEATED = 5
"""Times that a place is told once more to arms that creep on, because they were told it late."""


class Standstill:
    """Standstill of the arms of one robot, whoever moves them: what every motion begins from.

    A measurement says where arms are only if they rest, and if the sensors have seen them go there:
    one that is the same to the last digit as before arms were sent away is of somewhere else.

    Before there is anything to measure it knows how fast arms would fly on in silence, if their
    driver keeps a velocity until it is told another one: such a driver overshoots while a command
    is late, and turns back with the next one, so that a place which is told twice, late, leaves the
    arms creeping away from it.

    Example:
        >>> arms = Standstill()
        >>> joints = (np.zeros(6),)
        >>> state = RobotState.of_joints(1.0, joints, np.ones(1), velocities=[np.zeros(6)])
        >>> arms.note_measured(state)
        >>> arms.fault(state)  # a motion may begin
        >>> arms.note_sent(np.zeros((1, 6)), 1.0, 0.05)
        >>> arms.note_sent(np.full((1, 6), 1.5), 1.05, 0.05)
        >>> arms.fault(state)
        'what is measured must change when arms move; got the same to the last digit as before'
        >>> arms.note_sent(np.full((1, 6), 1.5), 1.11, 0.05)  # 10 ms late
        >>> arms.creeping
        True
        >>> arms.note_sent(np.full((1, 6), 1.5), 1.16, 0.05)
        >>> arms.creeping
        False
    """

    def __init__(self) -> None:
        self._flying, self._since = np.zeros(()), 0.0
        self._content: tuple[bytes, ...] = ()
        self._sent: np.ndarray | None = None
        self._sent_then: np.ndarray | None = None
        self._away = self._carried = 0.0
        self._before: RobotState | None = None
        self._newest: RobotState | None = None

    @property
    def unseen(self) -> bool:
        """Whether arms were sent somewhere, and no measurement has changed since."""
        return self._away > 1.0

    @property
    def creeping(self) -> bool:
        """Whether the last command leaves arms in motion whose driver keeps it in silence."""
        return bool(np.abs(self._flying).max() > CREEPING)

    def note_sent(self, steps: np.ndarray, now: float, period: float) -> None:
        """Note a command that the driver has taken.

        Args:
            steps: Where it sends the arms, in what the mover of them leaves out as a measurement's
                noise. Shape ``(N, C)``, the same as long as the mover is the same.
            now: When it has taken it [s].
            period: Time within which it is to be followed by another one [s].
        """
        if self._sent is not None and self._sent.shape == steps.shape:
            overshot = self._flying * ((now - self._since) / period - 1.0)
            self._flying = steps - self._sent - overshot
        self._since = now
        self._sent = np.array(steps)
        if self._sent_then is None or self._sent_then.shape != self._sent.shape:
            self._sent_then = self._sent
        away = float(np.abs(self._sent - self._sent_then).max())
        self._away = max(self._away, self._carried + away)

    def periods_to_rest(self, told: Callable[[], bool]) -> Iterator[None]:
        """Go through the periods that braking takes, and those for arms that would creep on.

        Args:
            told: Whether the last command is at rest, and repeats the one before.
        """
        repeated = 0
        while not (rests := told()) or (self.creeping and repeated < REPEATED):
            repeated += rests
            yield

    def note_held(self) -> None:
        """Note that the arms hold still by themselves, whatever they were told before."""
        self._flying = np.zeros(())

    def note_begin(self) -> None:
        """Note that a motion begins where the arms were found, wherever they were sent before."""
        self._sent = self._sent_then = None
        self.note_held()
        self._carried = self._away

    def note_measured(self, state: RobotState) -> None:
        """Note a measurement."""
        if self._newest is None or state.stamp != self._newest.stamp:
            self._before = self._newest
        self._newest = state
        parts = (state.position, state.quaternion, state.linear_velocity, state.angular_velocity)
        content = tuple(
            np.asarray(part).tobytes() for part in (*parts, *state.joints, *state.joint_velocities)
        )
        if content != self._content:
            self._content, self._sent_then = content, self._sent
            self._away = self._carried = 0.0

    def fault(self, state: RobotState) -> str | None:
        """Describe why no motion may begin from the newest measurement; None if one may.

        Args:
            state: That measurement, which nothing else is wrong with.
        """
        if self.unseen:
            return (
                "what is measured must change when arms move; got the same to the last digit as "
                "before"
            )
        speed, unit, most = self._speed(state)
        if not speed <= most:
            return f"arms must be at rest when a motion begins; got {speed:.3g} {unit}/s"
        return None

    def _speed(self, state: RobotState) -> tuple[float, str, float]:
        """Return the speed that is farthest beyond what counts as rest, its unit, and that."""
        linear = np.linalg.norm(state.linear_velocity, axis=1).max()
        angular = np.linalg.norm(state.angular_velocity, axis=1).max()
        if np.isfinite(linear) and np.isfinite(angular):
            if angular / STILL_TURNING > linear / STILL:
                return float(angular), "rad", STILL_TURNING
            return float(linear), "m", STILL
        speeds = state.joint_velocities or self._differences(state)
        return max(float(np.abs(one).max()) for one in speeds), "rad", STILL_TURNING

    def _differences(self, state: RobotState) -> list[np.ndarray]:
        """Return joint velocities of a robot that tells none, by the measurement before [rad/s]."""
        before = self._before
        if before is None or not 0.0 < (passed := state.stamp - before.stamp) < RESTING:
            return [np.full(1, np.inf)]
        return [
            (now - then) / passed for now, then in zip(state.joints, before.joints, strict=True)
        ]
