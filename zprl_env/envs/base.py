"""Base class of the simulated environments: spaces, seeds, success, rendering."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from policies.finite import all_finite
from policies.pictures.settings import PictureSettings
from zprl_env.envs.cameras.sight import BLIND, Sight, proprioception
from zprl_env.envs.conditions import (
    check_open,
    check_render_mode,
    check_running,
    checked_action,
    refuse_copy,
)
from zprl_env.envs.mismatch import LateNumbers, Mismatched, make_mismatch, read_mismatch
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import RenderingError, SimulationError, UnknownNameError

if TYPE_CHECKING:
    from zprl_env.envs.cameras.eyes import Eyes
    from zprl_env.envs.cameras.renderer import SceneRenderer
    from zprl_env.envs.offscreen import OffscreenCamera

REWARDS = ("sparse", "dense")


class Outcome(NamedTuple):
    """Result of one control step: observation, reward and success.

    Attributes:
        observation: Flat observation after the step. Shape ``(O,)``, float32.
        reward: The suite's own shaped reward; of no meaning unless the environment's is "dense".
        success: Whether the task is done.
    """

    observation: np.ndarray
    reward: float
    success: bool


class SuiteEnv(gym.Env[Any, np.ndarray], Mismatched):
    """Base class of a simulated task as a Gymnasium environment.

    * Success terminates; nothing truncates (put gymnasium's ``TimeLimit`` around it).
    * ``info["is_success"]`` is in every info, that of ``reset`` included.
    * ``reset(seed=s)`` gives the same episode bit for bit, whatever happened before and in any
      process.
    * States and actions are flat and float32; ``observation_keys`` says which part is which.
    * With cameras an observation is a ``Dict`` of ``state`` and a picture of the present state per
      camera, RGB and upright, shape ``(H, W, 3)``, uint8.
    * Nothing of OpenGL is touched without cameras before `render`, and a missing one does not
      matter until then.
    * It cannot be copied or pickled; a second one, seed and actions lead to the same state.

    A suite adds five methods: `_reset`, `_step`, `_simulation`, `_free` and ``env_args``; its
    constructor calls `_define_spaces` once it knows them.

    Args:
        task: The suite's own name of the task.
        reward: ``"sparse"``: 1 on success and else 0. ``"dense"``: the suite's shaped reward.
        success_terminates: Whether an episode ends with its first success.
        render_mode: ``"rgb_array"`` or None.
        camera: Camera that `render` looks through.
        render_size: Height and width of the image [pixels].
        render_fps: Control steps per second.
        sight: What is observed through cameras.

    Raises:
        UnknownNameError: No such reward, render mode or camera.
        RenderingError: There are cameras, and no OpenGL to be had.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
    suite = ""
    """Name of the suite, in the tables of cameras."""
    turned_cameras: tuple[str, ...] = ()
    """Cameras that the suite mounts upside down; pictures are turned by 180 degrees."""
    hidden_geom_groups: tuple[int, ...] = ()
    """Groups of geoms that are simulated and not shown."""
    replayable = True
    """True: an episode's seed and actions lead to the same state again."""
    gripper_actions: Sequence[int] = ()
    """Numbers of an action that are commands of grippers."""

    def __init__(
        self,
        task: str,
        *,
        reward: str,
        success_terminates: bool,
        render_mode: str | None,
        camera: str,
        render_size: tuple[int, int],
        render_fps: int,
        sight: Sight = BLIND,
        mismatch: Mapping[str, float] | None = None,
    ) -> None:
        if reward not in REWARDS:
            raise UnknownNameError("reward", reward, REWARDS)
        check_render_mode(render_mode, self.metadata["render_modes"])
        self.task = task
        self.reward = reward
        self.success_terminates = success_terminates
        self.render_mode = render_mode
        self.camera = camera
        self.render_size = render_size
        self.metadata = {**self.metadata, "render_fps": render_fps}
        self.observation_keys: dict[str, slice] = {}
        self.mismatch: dict[str, float] = read_mismatch(mismatch)  # before a scene is compiled
        self._late: LateNumbers | None = None
        self._begun = self._running = self._closed = False
        self._offscreen: OffscreenCamera | None = None
        self._renderer: SceneRenderer | None = None
        self._sight = sight
        self.eyes: Eyes | None = None

    def _define_spaces(self, sizes: Mapping[str, int], low: np.ndarray, high: np.ndarray) -> None:
        """Define the observation and action spaces, and open the eyes if there are any.

        Args:
            sizes: Size of each part of the observation, in order.
            low: Smallest actions. Shape ``(A,)``.
            high: Largest actions. Shape ``(A,)``.
        """
        start = 0
        for key, size in sizes.items():
            self.observation_keys[key] = slice(start, start + size)
            start += size
        self.observation_space: gym.Space = unbounded_box(start)
        if self._sight.cameras != ():
            try:
                self._open_eyes()
            except BaseException:
                self.close()
                raise
        self.action_space = gym.spaces.Box(
            np.asarray(low, np.float32), np.asarray(high, np.float32), dtype=np.float32
        )

    def _open_eyes(self) -> None:
        from zprl_env.envs.cameras.eyes import Eyes
        from zprl_env.envs.cameras.model_settings import model_settings
        from zprl_env.envs.cameras.renderer import camera_names

        sight, (model, data) = self._sight, self._simulation()
        cameras = sight.within(self.suite, camera_names(model))
        renderer = self._make_renderer()
        renderer.render(data, cameras[:1])  # a driver that hangs does so now
        settings = model_settings(
            model,
            cameras,
            sight.image_size,
            sight.quality,
            renderer=renderer.renderer,
            versions={self.suite: str(self.env_args["env_version"])},
            turned=self.turned_cameras,
        )
        keys = self.observation_keys
        felt = proprioception(self.suite, [*keys])
        self.eyes = Eyes(settings, self._take, keys, felt, sight.observation)
        self.observation_space = self.eyes.observation_space
        self.observation_keys = self.eyes.observation_keys

    def _make_renderer(self) -> SceneRenderer:
        from zprl_env.envs.cameras.renderer import SceneRenderer

        model, _ = self._simulation()
        if self._renderer is not None and self._renderer.model is not model:
            self._renderer.close()  # the suite has built another one
            self._renderer = None
        if self._renderer is None:
            self._renderer = SceneRenderer(
                model,
                self._sight.image_size,
                self._sight.quality,
                self.hidden_geom_groups,
                self.turned_cameras,
            )
        return self._renderer

    def _take(self) -> dict[str, np.ndarray]:
        eyes = self._seeing()
        return self._make_renderer().render(self._simulation()[1], eyes.settings.cameras)

    def _seeing(self) -> Eyes:
        if self.eyes is None:
            raise RenderingError(
                "pictures need an environment with cameras. Got: one without. Make it with "
                'cameras=("...",); render() shows it to people'
            )
        return self.eyes

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the cameras' pictures are made with; None without cameras."""
        return None if self.eyes is None else self.eyes.settings

    def pictures(self) -> dict[str, np.ndarray]:
        """Take a picture of the present state with each camera. Shape ``(H, W, 3)``, uint8.

        Raises:
            RenderingError: The environment was made without cameras.
            ClosedEnvironmentError: It was closed.
        """
        eyes = self._seeing()
        check_open(self._closed)
        return eyes.pictures()

    def reference_pictures(self) -> dict[str, np.ndarray]:
        """Take a picture with each camera after ``reset(seed=0)``, as demonstrations keep them.

        The environment, which has not been reset yet, is as before afterwards.

        Raises:
            RenderingError: The environment was made without cameras.
        """
        self._seeing()
        before = self._np_random, self._np_random_seed
        try:
            self.reset(seed=0)
            return self.pictures()
        finally:
            self._np_random, self._np_random_seed = before
            self._begun = self._running = False

    def _differ(self) -> None:
        """Differ from where demonstrations were recorded; see `zprl_env.envs.mismatch`."""
        try:
            what = f"the environment {self.task}"
            if self._sight.observation == "pixels":
                what += " from pixels"
            make_mismatch(self, self.mismatch, what)
        except BaseException:
            self.close()
            raise

    def _delay_gripper(self, seconds: float) -> bool:
        steps = max(1, round(seconds * self.metadata["render_fps"]))
        self._late = LateNumbers(self.gripper_actions, steps)
        return len(self.gripper_actions) > 0

    @property
    @abc.abstractmethod
    def env_args(self) -> dict[str, Any]:
        """Arguments that make this environment again, in the form of robomimic's files."""

    @abc.abstractmethod
    def _reset(self) -> tuple[np.ndarray, bool]:
        """Begin an episode drawn from ``self.np_random``; return its observation and success."""

    @abc.abstractmethod
    def _step(self, action: np.ndarray) -> Outcome:
        """Run one control step with a finite float64 action of the right shape.

        Raises:
            ArithmeticError, numpy.linalg.LinAlgError: The simulation diverged.
        """

    @abc.abstractmethod
    def _simulation(self) -> tuple[Any, Any]:
        """Return the ``mujoco.MjModel`` and the ``mujoco.MjData`` to draw."""

    @abc.abstractmethod
    def _free(self) -> None:
        """Free the simulation; called once."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this episode and of those that follow without one.
            options: Not used.

        Returns:
            Observation, of shape ``(O,)``, float32, without cameras, and the info.

        Raises:
            ClosedEnvironmentError: The environment was closed.
        """
        super().reset(seed=seed)
        check_open(self._closed)
        if self.eyes is not None:
            self.eyes.settle()
        if self._late is not None:
            self._late.clear()
        observation, success = self._reset()
        self._begun = self._running = True
        return self._seen(observation), {"is_success": bool(success)}

    def _seen(self, state: np.ndarray) -> Any:
        return state if self.eyes is None else self.eyes.see(state)

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Run one control step.

        Args:
            action: Shape ``(A,)``, within the action space's bounds.

        Returns:
            Observation, reward, whether success ended the episode, False, and the info.

        Raises:
            InvalidActionError: The action is no numbers, has another shape or is not finite.
            ResetNeeded: There is no episode under way.
            SimulationError: The simulation diverged.
        """
        check_running(self._running)
        action = checked_action(action, self.action_space)
        if self.eyes is not None:
            self.eyes.settle()
        if self._late is not None:
            action = self._late(action)
        try:
            observation, dense_reward, success = self._step(action)
        except (ArithmeticError, np.linalg.LinAlgError) as error:
            raise self._end_in_error() from error
        if not all_finite(observation):
            raise self._end_in_error()

        success = bool(success)
        terminated = success and self.success_terminates
        self._running = not terminated
        reward = float(dense_reward) if self.reward == "dense" else float(success)
        return self._seen(observation), reward, terminated, False, {"is_success": success}

    def render(self) -> np.ndarray | None:
        """Return an image of shape ``(H, W, 3)``, uint8, or None without a render mode.

        Raises:
            RenderingError: There is no OpenGL to be had.
            ResetNeeded: There was no episode yet.
            UnknownNameError: The model has no such camera.
        """
        if self.render_mode is None:
            return None
        if not self._begun:
            raise ResetNeeded("render() needs an episode; call reset() first")
        model, data = self._simulation()
        if self._offscreen is None:
            from zprl_env.envs.offscreen import OffscreenCamera

            self._offscreen = OffscreenCamera(
                model,
                self.camera,
                self.render_size,
                self.hidden_geom_groups,
                turned=self.turned_cameras,
            )
        return self._offscreen.render(data)

    def close(self) -> None:
        """Free the simulation; a second call does nothing."""
        if self._closed:
            return
        if self.eyes is not None:
            self.eyes.settle()
        self._closed = True
        self._begun = self._running = False
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        if self._offscreen is not None:
            self._offscreen.close()
            self._offscreen = None
        self._free()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to copy or to pickle it, by whatever means.

        Raises:
            NotCopiedError: Always.
        """
        refuse_copy(
            self,
            "Make a second environment in the same way, reset it with the same seed and play the "
            "same actions: it will be in the same state, to the bit. For processes of their own, "
            "make it in each: SubprocVecEnv([make, ...]).",
        )

    def _end_in_error(self) -> SimulationError:
        self._running = False
        return SimulationError(
            f"the simulation of {self.task} must stay finite and diverged; call reset()"
        )
