"""Getting an episode ready: arms home, scene laid out, operator asked, any stop released."""

from __future__ import annotations

import numpy as np

from real.cameras.camera import CameraError
from real.motion.emergency import source_of
from real.motion.homing import way_home
from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.operators import Event
from real.robot import ResettingRobot, RobotError, SceneRobot
from real.tasks.coordinates import coordinates_of
from real.tasks.preset import Preset

ARRIVED = 1e-6
"""Distance from a place at which the arms are there, in coordinates."""
LONGEST_WAY = 300.0
"""Seconds that the way home may take, pauses included."""
RETRY = 1.0
"""Seconds between two attempts to reach a robot that does not answer."""
AGAIN = 0.1
"""Seconds before everything is begun anew after a stop was released."""
STRAIGHT = 2
"""Times that the straight way home is tried, before the robot's own way there."""


class EpisodeStart:
    """Preparation of an episode: takes a robot from any state to home, scene and operator ready.

    The arms go home by straight up, over, and down, with a fraction of the limits. Then a simulated
    scene is laid out, or the operator is waited for. A stop, old or new, is waited for to be
    released, the robot is connected to again, and everything begins anew from where the arms are
    measured to be. Arms that twice were stopped on the straight way, such as in a posture that they
    cannot leave by it, or twice were not seen to have moved, go home by the robot's own means.

    Args:
        loop: What moves the robot, and stops it.
        preset: The task.
    """

    def __init__(self, loop: ControlLoop, preset: Preset) -> None:
        self._loop, self._robot, self._operator = loop, loop.robot, loop.operator
        self._home, self._speed = coordinates_of(preset).home, preset.reset_speed
        self._space = preset.space
        self._lost = True  # posture of the joints, before the first episode and after every stop
        self._stuck = 0  # times that the straight way home failed

    def prepare(self, seed: int) -> None:
        """Prepare the beginning of an episode; returns with the arms at rest at home.

        Args:
            seed: Seed of a simulated scene.

        Raises:
            RobotError: The robot is not there, or what the operator was asked for did not come in
                time.
        """
        self._loop.take_turn()
        if not self._loop.arms.connected:
            self._loop.connect()
        deadline = self._robot.clock.now() + self._operator.patience
        self._stuck = 0
        while not self._prepared(seed, deadline):
            self._await_release(deadline)
            self._robot.clock.sleep_until(self._robot.clock.now() + AGAIN)
        self._loop.forget()

    def rest(self) -> None:
        """Bring the arms to rest after an episode; after a stop they are to be located again."""
        self._lost = not self._loop.settle() or self._lost

    def _prepared(self, seed: int, deadline: float) -> bool:
        """Prepare the beginning of an episode once; False if the arms were stopped."""
        loop, lost = self._loop, self._lost
        loop.forget()
        if loop.emergency.latched:
            self._lost = True
            return False
        self._lost = True
        if not (lost or loop.settle()):
            return False
        if self._stuck < STRAIGHT and not self._located():
            return False
        if not self._reset(begins=True):
            return False
        if self._stuck < STRAIGHT and not self._went_home():
            self._stuck += 1
            return False
        if lost and not self._went_to_rest_posture():
            return False
        if not self._laid_out(seed, deadline):
            return False
        if not isinstance(self._robot, SceneRobot) and not (loop.locate() and self._went_home()):
            return False  # who lays out a task may touch the arms
        if not (self._reset(begins=False) and loop.begin_at(self._home)):
            return False
        try:
            loop.look()  # whatever was seen before the scene was laid out is of another episode
        except CameraError as error:
            self._failed(error)
            return False
        self._lost = False
        return True

    def _located(self) -> bool:
        """Find the arms, whoever moved them meanwhile: another environment, a hand."""
        found = self._loop.locate()
        # What was not seen to move may be stuck, and then only its own way home moves it.
        self._stuck += not found and self._loop.arms.standstill.unseen
        return found

    def _reset(self, *, begins: bool) -> bool:
        """Tell a driver that wants to know that the way home begins, or is over; False if not."""
        if isinstance(self._robot, ResettingRobot):
            try:
                (self._robot.begin_reset if begins else self._robot.end_reset)()
            except ROBOT_ERRORS as error:
                self._failed(error)
                return False
            self._loop.pacer.restart()  # it may take its time
        return True

    def _went_home(self) -> bool:
        """Move the arms home; False if they were stopped on the way."""
        loop, clock = self._loop, self._robot.clock
        until = clock.now() + LONGEST_WAY
        for place in way_home(loop.filter.coordinates, self._home, self._space):
            goal = loop.filter.clip(place)
            while np.abs(loop.filter.coordinates - goal).max() > ARRIVED or not loop.filter.at_rest:
                if not loop.tick(goal, self._speed):
                    return False
                if clock.now() > until:
                    loop.halt("software", f"the arms must be home within {LONGEST_WAY:g} s")
                    return False
        return loop.tick(goal, self._speed)  # once more at rest, for arms that would creep on

    def _went_to_rest_posture(self) -> bool:
        """Have the driver rest the joints, and go home from there; False if they were stopped."""
        try:
            self._robot.home()
        except ROBOT_ERRORS as error:
            self._failed(error)
            return False
        return self._loop.locate() and self._went_home()

    def _laid_out(self, seed: int, deadline: float) -> bool:
        """Lay out a simulated scene, or wait for the operator to; False if the arms were stopped.

        Raises:
            RobotError: The operator was not ready in time.
        """
        if not isinstance(self._robot, SceneRobot):
            return self._heard(Event.READY, "Lay out the task for the next episode.", deadline)
        try:
            self._robot.reset_scene(seed)
        except ROBOT_ERRORS as error:
            self._failed(error)
            return False
        return True

    def _heard(self, event: Event, message: str, deadline: float) -> bool:
        """Wait for an event; False if the arms were stopped instead.

        Raises:
            RobotError: It did not come in time.
        """
        loop, clock = self._loop, self._robot.clock
        stopped = loop.emergency.latched
        self._operator.ask(event, message)
        while event not in loop.listen():
            if loop.emergency.latched and not stopped:
                return False
            if clock.now() > deadline:
                raise RobotError(
                    f"The operator must answer within {self._operator.patience:g} s. Got: no "
                    f"{event.value!r}. {message}"
                )
            clock.sleep_until(clock.now() + loop.pacer.period)
        return True

    def _await_release(self, deadline: float) -> None:
        """Wait until the stop is released and the robot answers.

        Raises:
            RobotError: That did not come in time.
        """
        loop, clock = self._loop, self._robot.clock
        while (stop := loop.emergency.stop) is not None:
            if clock.now() > deadline:
                raise RobotError(
                    f"The arms must be home and free to move within {self._operator.patience:g} s. "
                    f"Got: {stop.reason}. Try to release them once that is repaired."
                )
            message = f"The arms are stopped: {stop.reason}. Release them if they may move again."
            if self._stuck >= STRAIGHT:
                message += " They go home by the robot's own means: see that nothing is in the way."
            self._heard(Event.RELEASE, message, deadline)
            loop.release()
            try:
                loop.connect()
            except ROBOT_ERRORS as error:
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Stop the arms, and give the robot a while before it is tried again."""
        clock = self._robot.clock
        self._loop.halt(source_of(error), str(error))
        clock.sleep_until(clock.now() + RETRY)
