"""robosuite tasks as honest gymnasium environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from zprl_env.envs.quiet import quiet_robosuite
from zprl_env.errors import InvalidActionError, SimulationError, UnknownNameError
from zprl_env.spaces import unbounded_box

if TYPE_CHECKING:
    from zprl_env.envs.offscreen import OffscreenCamera

REWARDS = ("sparse", "dense")
SETTLED = {
    "has_renderer": False,
    "has_offscreen_renderer": False,
    "use_camera_obs": False,
    "hard_reset": False,
    "ignore_done": True,
}
"""What an honest environment leaves no choice about: rendering, resets and the horizon are ours."""
COLLISION_GROUPS = (0,)
"""The groups of geoms that robosuite collides with and does not show."""


class RobosuiteEnv(gym.Env):
    """A robosuite task, told the way gymnasium tells it.

    * Success terminates; nothing truncates (put gymnasium's ``TimeLimit`` around it).
    * ``info["is_success"]`` is in every info, that of ``reset`` included.
    * ``reset(seed=s)`` gives the same episode bit for bit, whatever happened before and in any
      process. Sizes that robosuite samples while it builds the model (Lift's cube) are drawn
      from ``model_seed`` instead, since a reset does not rebuild the model.
    * The observation describes the state at the end of the control step. robosuite's own reports
      the poses of bodies one physics substep (2 ms) late.
    * Actions outside ``[-1, 1]`` are clipped, by robosuite's controllers.

    Args:
        task: Name of a robosuite environment, e.g. ``"Lift"``.
        reward: ``"sparse"``: 1 on success and else 0. ``"dense"``: robosuite's shaped reward.
        render_mode: ``"rgb_array"`` or None. Nothing of OpenGL is touched before `render`.
        camera: Camera that `render` looks through.
        render_size: Height and width of the image [pixels].
        fast: Use the compiled control loop where it covers robots and controllers; see `fast`.
        model_seed: Seed of what robosuite samples while it builds the model.
        **robosuite_kwargs: Passed to ``robosuite.make``, e.g. ``robots="Sawyer"``.

    Raises:
        MissingExtraError: robosuite is not installed.
        UnknownNameError: No such task, reward or render mode.

    >>> env = RobosuiteEnv("Lift")
    >>> observation, info = env.reset(seed=0)
    >>> observation.shape, info
    ((19,), {'is_success': False})
    >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    >>> env.observation_keys["object"]
    slice(9, 19, None)
    >>> env.close()
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        task: str = "Lift",
        *,
        reward: str = "sparse",
        render_mode: str | None = None,
        camera: str = "agentview",
        render_size: tuple[int, int] = (256, 256),
        fast: bool = True,
        model_seed: int = 0,
        **robosuite_kwargs: Any,
    ) -> None:
        if reward not in REWARDS:
            raise UnknownNameError("reward", reward, REWARDS)
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render mode", render_mode, self.metadata["render_modes"])
        self.task = task
        self.reward = reward
        self.render_mode = render_mode
        self.camera = camera
        self.render_size = render_size
        self._begun = self._running = False
        self._offscreen: OffscreenCamera | None = None

        settled = {"reward_shaping": reward == "dense", **SETTLED}
        for name in settled.keys() & robosuite_kwargs.keys():
            raise TypeError(f"RobosuiteEnv sets robosuite's {name!r} itself; leave it out")
        robots = ["Panda", "Panda"] if task.startswith("TwoArm") else "Panda"
        kwargs = {"robots": robots, "control_freq": 20, **robosuite_kwargs, **settled}
        self.metadata = {**self.metadata, "render_fps": kwargs["control_freq"]}
        with quiet_robosuite() as robosuite:
            from zprl_env.envs.fast_robosuite import task_class, tasks

            if task not in tasks():
                raise UnknownNameError("robosuite task", task, tasks())
            self._env = robosuite.make(task_class(task, fast), seed=model_seed, **kwargs)
        self._env_args = {
            "env_name": task,
            "env_version": robosuite.__version__,
            "type": 1,
            "env_kwargs": kwargs,
        }

        values = self._env.observation_spec()
        self._names = _observation_names(self._env, values)
        self.observation_keys: dict[str, slice] = {}
        start = 0
        for key, name in self._names.items():
            self.observation_keys[key] = slice(start, start + np.size(values[name]))
            start += np.size(values[name])
        self.observation_space = unbounded_box(start)
        low, high = self._env.action_spec
        self.action_space = gym.spaces.Box(
            low.astype(np.float32), high.astype(np.float32), dtype=np.float32
        )

    @property
    def fast(self) -> bool:
        """Whether the compiled control loop is in use."""
        return self._env is not None and self._env.fast

    @property
    def env_args(self) -> dict[str, Any]:
        """How to make this environment, in the form robomimic writes into its files."""
        return self._env_args

    @property
    def sim(self) -> Any:
        """The simulation of robosuite, for scripted experts and for looking closely."""
        return self._env.sim

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this episode and of those that follow without one.
            options: Not used.

        Returns:
            Observation of shape ``(O,)``, float32, and the info.
        """
        super().reset(seed=seed)
        if self._env is None:
            raise ClosedEnvironmentError("reset() needs an open environment; make a new one")
        # robosuite's samplers hold its generator, so its state is set rather than it replaced.
        generator = self._env.rng.bit_generator
        generator.state = self.np_random.bit_generator.state
        with quiet_robosuite():
            values = self._env.reset()
        self.np_random.bit_generator.state = generator.state
        self._begun = self._running = True
        return self._flatten(values), {"is_success": bool(self._env._check_success())}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Run one control step (1/20 s).

        Args:
            action: Shape ``(A,)``, in ``[-1, 1]``.

        Returns:
            Observation, reward, whether the task succeeded, False, and the info.

        Raises:
            InvalidActionError: The action has another shape or is not finite.
            ResetNeeded: There is no episode under way.
            SimulationError: The simulation diverged.
        """
        if not self._running:
            raise ResetNeeded("step() needs an episode under way; call reset() first")
        action = np.asarray(action, dtype=np.float64)
        if action.shape != self.action_space.shape:
            raise InvalidActionError(
                f"an action must have shape {self.action_space.shape}, got {action.shape}"
            )
        if not np.isfinite(action).all():
            raise InvalidActionError(f"an action must be finite, got {action.tolist()}")

        try:
            values, dense_reward, _, _ = self._env.step(action)
        except np.linalg.LinAlgError as error:
            raise self._end_in_error() from error
        observation = self._flatten(values)
        if self._env.diverged() or not np.isfinite(observation).all():
            raise self._end_in_error()

        success = bool(self._env._check_success())
        self._running = not success
        reward = float(dense_reward) if self.reward == "dense" else float(success)
        return observation, reward, success, False, {"is_success": success}

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
        if self._offscreen is None:
            from zprl_env.envs.offscreen import OffscreenCamera

            self._offscreen = OffscreenCamera(
                self.sim.model._model, self.camera, self.render_size, COLLISION_GROUPS
            )
        return self._offscreen.render(self.sim.data._data)

    def close(self) -> None:
        """Free the simulation; a second call does nothing."""
        self._begun = self._running = False
        if self._offscreen is not None:
            self._offscreen.close()
            self._offscreen = None
        if self._env is not None:
            self._env.close()
            self._env = None

    def _flatten(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return robosuite's observation as one vector of shape ``(O,)``, float32."""
        parts = [np.ravel(values[name]) for name in self._names.values()]
        return np.concatenate(parts, dtype=np.float32)

    def _end_in_error(self) -> SimulationError:
        self._running = False
        return SimulationError(
            f"the simulation of {self.task} must stay finite and diverged; call reset()"
        )


def _observation_names(env: Any, values: dict[str, np.ndarray]) -> dict[str, str]:
    """Map robomimic's low-dimensional keys to the observables of a robosuite environment."""
    names = []
    for robot in env.robots:
        for arm in robot.arms:
            prefix = robot.robot_model.naming_prefix + (f"{arm}_" if len(robot.arms) > 1 else "")
            names += [f"{prefix}eef_pos", f"{prefix}eef_quat", f"{prefix}gripper_qpos"]
    keys = {**{name: name for name in names}, "object": "object-state"}
    return {key: name for key, name in keys.items() if name in values}
