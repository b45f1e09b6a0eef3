"""Base class of the simulated environments: spaces, seeds, success, rendering."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from policies.finite import all_finite
from zprl_env.envs.conditions import (
    check_open,
    check_render_mode,
    check_running,
    checked_action,
    refuse_copy,
)
from zprl_env.envs.mismatch import LateNumbers, Mismatched, make_mismatch
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import SimulationError, UnknownNameError

if TYPE_CHECKING:
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


class SuiteEnv(gym.Env[np.ndarray, np.ndarray], Mismatched):
    """Base class of a simulated task as a Gymnasium environment.

    * Success terminates; nothing truncates (put gymnasium's ``TimeLimit`` around it).
    * ``info["is_success"]`` is in every info, that of ``reset`` included.
    * ``reset(seed=s)`` gives the same episode bit for bit, whatever happened before and in any
      process.
    * Observations and actions are flat and float32; ``observation_keys`` says which part is which.
    * Nothing of OpenGL is touched before `render`, and a missing one does not matter until then.
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

    Raises:
        UnknownNameError: No such reward or render mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
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
        self.mismatch: dict[str, float] = {}
        self._late: LateNumbers | None = None
        self._begun = self._running = self._closed = False
        self._offscreen: OffscreenCamera | None = None

    def _define_spaces(self, sizes: Mapping[str, int], low: np.ndarray, high: np.ndarray) -> None:
        """Define the observation and action spaces.

        Args:
            sizes: Size of each part of the observation, in order.
            low: Smallest actions. Shape ``(A,)``.
            high: Largest actions. Shape ``(A,)``.
        """
        start = 0
        for key, size in sizes.items():
            self.observation_keys[key] = slice(start, start + size)
            start += size
        self.observation_space = unbounded_box(start)
        self.action_space = gym.spaces.Box(
            np.asarray(low, np.float32), np.asarray(high, np.float32), dtype=np.float32
        )

    def _differ(self, mismatch: Any) -> None:
        """Differ from where demonstrations were recorded; see `zprl_env.envs.mismatch`."""
        try:
            self.mismatch = make_mismatch(self, mismatch, f"the environment {self.task}")
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
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this episode and of those that follow without one.
            options: Not used.

        Returns:
            Observation of shape ``(O,)``, float32, and the info.

        Raises:
            ClosedEnvironmentError: The environment was closed.
        """
        super().reset(seed=seed)
        check_open(self._closed)
        if self._late is not None:
            self._late.clear()
        observation, success = self._reset()
        self._begun = self._running = True
        return observation, {"is_success": bool(success)}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
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
        return observation, reward, terminated, False, {"is_success": success}

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
                model, self.camera, self.render_size, self.hidden_geom_groups
            )
        return self._offscreen.render(data)

    def close(self) -> None:
        """Free the simulation; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._begun = self._running = False
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
