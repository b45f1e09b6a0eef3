"""A robot as an honest gymnasium environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from real.clock import WallClock
from real.drivers import DriverLike, make_robot
from real.motion.homing import way_home
from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.motion.pacing import Pacer
from real.motion.safety import changes
from real.operators import Event, OperatorLike, make_operator
from real.recording.recorder import Recorder, Step
from real.robot import Cameras, RobotError, Scene
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout, ObservationLayout
from real.tasks.preset import Preset
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import InvalidActionError, RenderingError, UnknownNameError

ARRIVED = 1e-6
"""Distance from a place at which the arms are there, in coordinates."""
LONGEST_WAY = 300.0
"""Seconds that the way home may take, pauses included."""
RETRY = 1.0
"""Seconds between two attempts to reach a robot that does not answer."""


class RealRobotEnv(gym.Env[np.ndarray, np.ndarray]):
    """A robot task: simulated by default, with the same code above its driver as on hardware.

    One step sends the arms towards one action for ``1 / rate`` seconds, by commands at the control
    rate that pass :class:`~real.motion.safety.SafetyFilter`, and returns what was measured last.

    How episodes end is the operator's word, in which ``operator="auto"`` repeats the simulated
    scene's own criterion:

    * success terminates, with reward 1 and ``info["is_success"]``;
    * failure, which says that the task cannot be done any more, terminates with reward 0;
    * abort, the time limit, an emergency stop and any fault truncate.

    Then the arms come to rest, unless an emergency stop has held them where they are. ``reset``
    waits for its release, connects again, takes the arms home by straight up, over, and down, with
    a fraction of the limits, and lays out the scene or waits for the operator to be ready.
    In simulated time the same seed is the same episode, to the bit.

    ``info`` has:

    * ``safety``: what the filter changed at most in this step. ``clipped`` is how far a target was
      outside the box [m], ``limited`` how far the command stayed behind it [m],
      ``clipped_rotation`` and ``limited_rotation`` likewise [rad]. ``stop`` is why the arms were
      stopped, or empty, and ``stop_source`` who stopped them;
    * ``time``: ``commanded`` and ``measured``, when the step's first command was sent and when its
      observation was measured, since the episode's beginning [s], and ``overruns``, the deadlines
      that were missed in the episode;
    * ``operator``: what the operator said.

    Args:
        task: Name of a preset, path of a YAML file, or a preset.
        driver: As :func:`real.drivers.make_robot` takes it.
        operator: ``"auto"``, ``"keyboard"`` or an object.
        recorder: Who writes the episodes down.
        images: Whether it is given the cameras' pictures after every step.
        render_mode: ``"rgb_array"``, the first camera's picture, or None.
        **driver_options: The driver's own settings.

    Raises:
        ConfigurationError: The preset, the driver or the operator is impossible.
        UnknownNameError: Something has no such name.

    Example:
        >>> env = RealRobotEnv("place-orange", driver="ideal")
        >>> observation, info = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> info["safety"]["stop"], info["time"]["overruns"]
        ('', 0)
        >>> env.close()
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012

    def __init__(
        self,
        task: str | PathLike[str] | Preset = "place-orange",
        *,
        driver: DriverLike = "sim",
        operator: OperatorLike = "auto",
        recorder: Recorder | None = None,
        images: bool = False,
        render_mode: str | None = None,
        **driver_options: Any,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render mode", render_mode, self.metadata["render_modes"])
        self.preset = preset = load_preset(task)
        self.metadata = {**self.metadata, "render_fps": preset.rate}
        self.render_mode = render_mode
        self.robot = make_robot(driver, preset, **driver_options)
        self.operator = make_operator(operator, self.robot)
        self.recorder = recorder
        self._images = images
        self._loop = ControlLoop(self.robot, preset, self.operator)
        self._actions, self._observations = ActionLayout(preset), ObservationLayout(preset)
        self.observation_keys = self._observations.keys
        self.observation_space = unbounded_box(self._observations.size)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (self._actions.size,))
        self.env_args = {
            "env_name": preset.name,
            "type": "real",
            "env_kwargs": {"preset": preset.model_dump(mode="json")},
        }
        self._target = self._actions.home
        self._observation = np.zeros(self._observations.size, np.float32)
        self._steps = self._overruns = 0
        self._began = 0.0
        self._connected = self._running = self._closed = False
        self._lost = True  # where the arms are, before the first reset and after every stop

    @property
    def replayable(self) -> bool:
        """Whether an episode's seed and actions lead to the same state again: in simulated time."""
        return isinstance(self.robot, Scene) and not isinstance(self.robot.clock, WallClock)

    @property
    def pacer(self) -> Pacer:
        """The beat of the control loop, with what was late."""
        return self._loop.pacer

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Take the arms home and begin an episode.

        Args:
            seed: Seed of this episode and of those that follow without one.
            options: Not used.

        Returns:
            Observation of shape ``(O,)``, float32, and the info.

        Raises:
            RobotError: The robot is not there, or what the operator was asked for did not come in
                time.
            ClosedEnvironmentError: The environment was closed.
        """
        super().reset(seed=seed)
        if self._closed:
            raise ClosedEnvironmentError("reset() needs an open environment; make a new one")
        self._end("abort")
        scene_seed = int(self.np_random.integers(2**31))
        if not self._connected:
            self.robot.connect()
            self._connected = True
        deadline = self.robot.clock.now() + self.operator.patience
        while not self._prepared(scene_seed, deadline):
            self._await_release(deadline)
        self._loop.forget()
        self._target = self._actions.home
        self._steps, self._overruns = 0, self._loop.pacer.overruns
        self._began = self.robot.clock.now()
        self._running = True
        self._observation = self._observed()
        info = {"is_success": False, "seed": scene_seed, **self._info()}
        if self.recorder is not None and self._loop.state is not None:
            self.recorder.begin(self.preset, self._observation, self._loop.state, info)
        return self._observation.copy(), info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Carry out one action.

        Args:
            action: Shape ``(A,)``; numbers outside of [-1, 1] are clipped.

        Returns:
            Observation, reward, and whether the episode is terminated or truncated, and the info.

        Raises:
            InvalidActionError: The action has another shape or is not finite; the arms have come to
                rest.
            ResetNeeded: There is no episode under way.
        """
        if not self._running:
            raise ResetNeeded("step() needs an episode under way; call reset() first")
        loop, action = self._loop, self._checked(action)
        loop.begin_action()
        start = self._target
        target = self._actions.target(np.clip(action, -1.0, 1.0), start)
        for tick in range(1, self.preset.ticks + 1):
            if not loop.tick(start + tick / self.preset.ticks * (target - start)):
                break
        self._target = loop.filter.clip(target)
        self._steps += 1

        outcome = self._outcome()
        success = outcome == "success"
        terminated = outcome in ("success", "failure")
        truncated = outcome is not None and not terminated
        reward = float(success) if self.preset.reward == "terminal" else float(success) - 1.0
        self._observation = self._observed()
        info = {"is_success": success, **self._info()}
        if outcome is not None:
            self._lost = not loop.settle()
        self._record(action, reward, terminated, truncated, info)
        if outcome is not None:
            self._end(outcome)
        return self._observation.copy(), reward, terminated, truncated, info

    def render(self) -> np.ndarray | None:
        """Return the first camera's picture, or None without a render mode.

        Returns:
            Shape ``(H, W, 3)``, uint8.

        Raises:
            RenderingError: The robot has no camera.
        """
        if self.render_mode is None:
            return None
        if not self.preset.cameras or not isinstance(self.robot, Cameras):
            raise RenderingError(
                "render() needs a camera in the preset and a driver that takes pictures; got "
                f"{list(self.preset.cameras)} and {type(self.robot).__name__}"
            )
        camera = self.preset.cameras[0]
        return np.asarray(self.robot.images([camera])[camera])

    def close(self) -> None:
        """Stop the arms and let go of everything; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with ExitStack() as stack:  # whatever fails; the arms are stopped before files are written
            stack.callback(self.operator.close)
            if self.recorder is not None:
                stack.callback(self.recorder.close)
            stack.callback(self.robot.close)
            self._end("abort")

    def _prepared(self, scene_seed: int, deadline: float) -> bool:
        """Bring everything to where an episode begins; False if the arms were stopped."""
        loop, lost = self._loop, self._lost
        loop.forget()
        if loop.emergency.latched:
            self._lost = True
            return False
        if lost:
            if not loop.locate():
                return False
        elif not loop.settle():
            self._lost = True
            return False
        self._lost = True
        if not self._went_home():
            return False
        if lost:
            try:
                self.robot.home()
            except ROBOT_ERRORS as error:
                loop.halt("driver", str(error))
                return False
            if not (loop.locate() and self._went_home()):
                return False
        if isinstance(self.robot, Scene):
            try:
                self.robot.reset_scene(scene_seed)
            except ROBOT_ERRORS as error:
                loop.halt("driver", str(error))
                return False
        elif not self._heard(Event.READY, "Lay out the task for the next episode.", deadline):
            return False
        if not loop.begin_at(self._actions.home):
            return False
        self._lost = False
        return True

    def _went_home(self) -> bool:
        """Move the arms home; False if they were stopped on the way."""
        loop = self._loop
        until = self.robot.clock.now() + LONGEST_WAY
        for place in way_home(loop.filter.coordinates, self._actions.home):
            goal = loop.filter.clip(place)
            while np.abs(loop.filter.coordinates - goal).max() > ARRIVED or not loop.filter.at_rest:
                if not loop.tick(goal, self.preset.reset_speed):
                    return False
                if self.robot.clock.now() > until:
                    loop.halt("software", f"the arms must be home within {LONGEST_WAY:g} s")
                    return False
        return True

    def _heard(self, event: Event, message: str, deadline: float) -> bool:
        """Wait for an event; False if the arms were stopped instead.

        Raises:
            RobotError: It did not come in time.
        """
        loop, clock = self._loop, self.robot.clock
        stopped = loop.emergency.latched
        self.operator.ask(event, message)
        while event not in loop.listen():
            if loop.emergency.latched and not stopped:
                return False
            if clock.now() > deadline:
                raise RobotError(
                    f"The operator must answer within {self.operator.patience:g} s. Got: no "
                    f"{event.value!r}. {message}"
                )
            clock.sleep_until(clock.now() + loop.pacer.period)
        return True

    def _await_release(self, deadline: float) -> None:
        """Wait until the stop is released and the robot answers.

        Raises:
            RobotError: That did not come in time.
        """
        loop, clock = self._loop, self.robot.clock
        while (stop := loop.emergency.stop) is not None:
            if clock.now() > deadline:
                raise RobotError(
                    f"The arms must be home and free to move within {self.operator.patience:g} s. "
                    f"Got: {stop.reason}. Try to release them once that is repaired."
                )
            message = f"The arms are stopped: {stop.reason}. Release them if they may move again."
            self._heard(Event.RELEASE, message, deadline)
            loop.emergency.release()
            try:
                self.robot.connect()
            except ROBOT_ERRORS as error:
                loop.halt("driver", str(error))
                clock.sleep_until(clock.now() + RETRY)

    def _checked(self, action: np.ndarray) -> np.ndarray:
        """Return an action as numbers; with anything else the arms come to rest.

        Raises:
            InvalidActionError: The action has another shape or is not finite.
        """
        try:
            numbers = np.asarray(action, np.float64)
            problem = (
                f"must have shape {self.action_space.shape}, got {numbers.shape}"
                if numbers.shape != self.action_space.shape
                else f"must be finite, got {numbers.tolist()}"
                if not np.isfinite(numbers).all()
                else ""
            )
        except (TypeError, ValueError):
            problem = f"must be numbers, got {action!r}"
        if problem:
            self._loop.settle()
            raise InvalidActionError(f"an action {problem}")
        return numbers

    def _outcome(self) -> str | None:
        """How the episode has ended, None if it has not."""
        if self._loop.emergency.latched:
            return "stop"
        if self._loop.verdict is not None:
            return self._loop.verdict.value
        return "time limit" if self._steps >= self.preset.episode_steps else None

    def _observed(self) -> np.ndarray:
        """Return the newest observation; the one before if nothing could be measured yet."""
        state = self._loop.state
        return self._observation if state is None else self._observations.observation(state)

    def _info(self) -> dict[str, Any]:
        """What happened since the last step."""
        loop = self._loop
        stop, state = loop.emergency.stop, loop.state
        return {
            "safety": {
                **changes(loop.filtered),
                "stop": stop.reason if stop else "",
                "stop_source": stop.source if stop else "",
            },
            "time": {
                "commanded": round(loop.ticks[0].stamp - self._began, 6) if loop.ticks else 0.0,
                "measured": round(state.stamp - self._began, 6) if state else 0.0,
                "overruns": loop.pacer.overruns - self._overruns,
            },
            "operator": tuple(event.value for _, event in loop.events),
        }

    def _record(
        self,
        action: np.ndarray,
        reward: float,
        terminated: bool,
        truncated: bool,
        info: Mapping[str, Any],
    ) -> None:
        """Have a step written down."""
        if self.recorder is None:
            return
        loop, images = self._loop, {}
        with loop.stopping():
            if self._images and isinstance(self.robot, Cameras):
                try:
                    images = dict(self.robot.images(self.preset.cameras))
                except ROBOT_ERRORS as error:
                    loop.halt("driver", str(error))
            ticks = tuple(loop.ticks)
            self.recorder.add(
                Step(action, self._observation, reward, terminated, truncated, info, ticks, images)
            )

    def _end(self, outcome: str) -> None:
        """End the episode under way, if there is one."""
        if self._running and self.recorder is not None:
            self.recorder.end(outcome)
        self._running = False
