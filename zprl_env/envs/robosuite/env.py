"""robosuite's tasks as Gymnasium environments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zprl_env.envs.base import Outcome, SuiteEnv
from zprl_env.envs.cameras.sight import choose_sight
from zprl_env.envs.mismatch import described
from zprl_env.envs.robosuite.absolute_pose import absolute_controllers, action_bounds, to_robosuite
from zprl_env.envs.robosuite.differing import gripper_numbers, shift_objects, widen_starts
from zprl_env.envs.robosuite.memory import give_back
from zprl_env.envs.robosuite.quiet import quiet_robosuite
from zprl_env.envs.robosuite.robot_models import without_robot_models
from zprl_env.envs.settings import refuse_settings
from zprl_env.errors import ConfigurationError, UnknownNameError

ACTIONS = ("delta", "absolute")
SETTLED = {
    "has_renderer": False,
    "has_offscreen_renderer": False,
    "use_camera_obs": False,
    "hard_reset": False,
    "ignore_done": True,
}
"""Arguments of robosuite that are fixed here: rendering, resets and the horizon are ours."""
WITHOUT_EFFECT = frozenset(SETTLED) | {
    "reward_shaping",
    "horizon",
    "seed",
    "render_camera",
    "render_collision_mesh",
    "render_visual_mesh",
    "render_gpu_device_id",
    "camera_names",
    "camera_heights",
    "camera_widths",
    "camera_depths",
    "camera_segmentations",
    "renderer",
    "renderer_config",
}
"""Arguments of robosuite that would change nothing here."""


class RobosuiteEnv(SuiteEnv):
    """A robosuite task with the guarantees of :class:`~zprl_env.envs.base.SuiteEnv`.

    * Sizes that robosuite samples while it builds the model (Lift's cube) are drawn from
      ``model_seed`` and not from an episode's seed, since a reset does not rebuild the model.
    * The observation describes the state at the end of the control step. robosuite's own reports
      the poses of bodies one physics substep (2 ms) late.
    * Delta actions outside ``[-1, 1]`` are clipped, by robosuite's controllers.

    Args:
        task: Name of a robosuite environment, e.g. ``"Lift"``.
        reward: ``"sparse"``: 1 on success and else 0. ``"dense"``: robosuite's shaped reward.
        action: What an action means. ``"delta"``: a motion of the hand, robosuite's default.
            ``"absolute"``: a pose of the hand with a rotation of six numbers, ten in all per arm;
            see :mod:`zprl_env.envs.robosuite.absolute_pose`.
        success_terminates: Whether an episode ends with its first success.
        render_mode: ``"rgb_array"`` or None. Without cameras nothing of OpenGL is
            touched before `render`.
        camera: Camera that `render` looks through.
        render_size: Height and width of the image [pixels].
        cameras: Cameras whose pictures are observed, in order; the suite's usual ones if None.
        image_size: Height and width of their pictures [pixels], or one number for both; 84 if None.
        observation: ``"state"``: all of the state. ``"pixels"``, the usual one with cameras: their
            pictures and what a robot knows of itself. ``"both"``: pictures and all of the state.
        render_quality: ``"fast"``, the usual one, or ``"full"``, with shadows, reflections and
            multisamples, as `render` has them.
        fast: Use the compiled control loop where it covers robots and controllers; see `fast`.
        model_seed: Seed of what robosuite samples while it builds the model.
        mismatch: How it differs from where demonstrations were recorded; see
            :mod:`zprl_env.envs.mismatch`.
        **robosuite_kwargs: Passed to ``robosuite.make``, e.g. ``robots="Sawyer"``.

    Raises:
        MissingExtraError: robosuite is not installed.
        ConfigurationError: Absolute actions are wanted of a robot they do not cover; robosuite
            does not take such an argument, or it would have no effect.
        UnknownNameError: No such task, reward, kind of action or render mode.

    >>> env = RobosuiteEnv("Lift")
    >>> observation, info = env.reset(seed=0)
    >>> observation.shape, info
    ((19,), {'is_success': False})
    >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    >>> env.observation_keys["object"]
    slice(9, 19, None)
    >>> env.close()
    """

    suite = "robosuite"
    hidden_geom_groups = (0,)  # those that robosuite collides with

    def __init__(
        self,
        task: str = "Lift",
        *,
        reward: str = "sparse",
        action: str = "delta",
        success_terminates: bool = True,
        render_mode: str | None = None,
        camera: str = "agentview",
        render_size: tuple[int, int] = (256, 256),
        cameras: Sequence[str] | None = None,
        image_size: int | tuple[int, int] | None = None,
        observation: str | None = None,
        render_quality: str | None = None,
        fast: bool = True,
        model_seed: int = 0,
        mismatch: Mapping[str, float] | None = None,
        **robosuite_kwargs: Any,
    ) -> None:
        sight = choose_sight(cameras, image_size, observation, render_quality)
        settled = {"reward_shaping": reward == "dense", **SETTLED}
        robots = ["Panda", "Panda"] if task.startswith("TwoArm") else "Panda"
        kwargs = {"robots": robots, "control_freq": 20, **robosuite_kwargs, **settled}
        if action not in ACTIONS:
            raise UnknownNameError("kind of action", action, ACTIONS)
        self.action = action
        super().__init__(
            task,
            reward=reward,
            success_terminates=success_terminates,
            render_mode=render_mode,
            camera=camera,
            render_size=render_size,
            render_fps=kwargs["control_freq"],
            sight=sight,
            mismatch=mismatch,
        )
        with quiet_robosuite() as robosuite:
            from zprl_env.envs.robosuite.fast_loop import task_class, tasks

            if task not in tasks():
                raise UnknownNameError("robosuite task", task, tasks())
            _check_settings(task, reward, action, robosuite_kwargs)
            try:
                if action == "absolute":
                    kwargs["controller_configs"] = absolute_controllers(kwargs["robots"])
                with without_robot_models():
                    self._env = robosuite.make(task_class(task, fast), seed=model_seed, **kwargs)
            except ConfigurationError:
                raise
            except (AssertionError, KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    f"robosuite's {task} must be given what it takes. Got: {robosuite_kwargs}, at "
                    f"which it says {type(error).__name__}: {error}."
                ) from error
        give_back()
        self._env_args = {
            "env_name": task,
            "env_version": robosuite.__version__,
            "type": 1,
            "env_kwargs": kwargs,
        }
        values = self._env.observation_spec()
        self._names = _observation_names(self._env, values)
        sizes = {key: int(np.size(values[name])) for key, name in self._names.items()}
        bounds = action_bounds(self._env) if action == "absolute" else self._env.action_spec
        self._define_spaces(sizes, *bounds)
        self.gripper_actions = gripper_numbers(self._env, action)
        self._differ()

    @property
    def fast(self) -> bool:
        """Whether the fast control loop is in use."""
        return self._env is not None and self._env.fast

    @property
    def env_args(self) -> dict[str, Any]:
        """Arguments that make this environment again, in the form of robomimic's files."""
        return described(self._env_args, self.mismatch)

    @property
    def sim(self) -> Any:
        """The simulation of robosuite, for looking closely."""
        return self._env.sim

    def _reset(self) -> tuple[np.ndarray, bool]:
        # robosuite's samplers hold its generator, so its state is set rather than it replaced.
        generator = self._env.rng.bit_generator
        generator.state = self.np_random.bit_generator.state
        with quiet_robosuite():
            values = self._env.reset()
        self.np_random.bit_generator.state = generator.state
        return self._flatten(values), self._env._check_success()

    def _step(self, action: np.ndarray) -> Outcome:
        if self.action == "absolute":
            action = to_robosuite(action)
        values, reward, _, _ = self._env.step(action)
        if self._env.diverged():
            raise FloatingPointError("the simulation's state is not finite")
        return Outcome(self._flatten(values), reward, self._env._check_success())

    def _simulation(self) -> tuple[Any, Any]:
        return self.sim.model._model, self.sim.data._data

    def _shift_objects(self, metres: float) -> bool:
        return self._sight.observation != "pixels" and shift_objects(self._env, metres)

    def _widen_starts(self, factor: float) -> bool:
        return widen_starts(self._env, factor)

    def _free(self) -> None:
        self._env.close()
        self._env = None

    def _flatten(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return robosuite's observation as one vector of shape ``(O,)``, float32."""
        parts = [np.ravel(values[name]) for name in self._names.values()]
        return np.concatenate(parts, dtype=np.float32)


def _check_settings(task: str, reward: str, action: str, given: dict[str, Any]) -> None:
    """Refuse what robosuite does not take for a task, and what would have no effect here."""
    from robosuite.environments.base import REGISTERED_ENVS

    named = {
        name: parameter
        for kind in reversed(REGISTERED_ENVS[task].__mro__)
        if "__init__" in vars(kind)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if name != "self" and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD,)
    }
    instead = {"seed": "reset(seed=...), or model_seed for what is sampled with the model"}
    unused = WITHOUT_EFFECT
    if reward != "dense":
        unused = unused | {"reward_scale"}
        instead["reward_scale"] = (
            'reward="dense", which it scales; a sparse reward is scaled by --reward-scale in '
            "training, or by gymnasium.wrappers.TransformReward"
        )
    if action == "absolute":
        unused = unused | {"controller_configs"}
        instead["controller_configs"] = 'action="delta": absolute actions set the controllers'
    own = inspect.signature(RobosuiteEnv.__init__).parameters.values()
    ours = [p.name for p in own if p.kind is p.KEYWORD_ONLY]
    known = [*ours, *(name for name in named if name not in unused)]
    refuse_settings(f"The environment {task}", given, known, instead)


def _observation_names(env: Any, values: dict[str, np.ndarray]) -> dict[str, str]:
    """Map robomimic's low-dimensional keys to the observables of a robosuite environment."""
    names = []
    for robot in env.robots:
        for arm in robot.arms:
            prefix = robot.robot_model.naming_prefix + (f"{arm}_" if len(robot.arms) > 1 else "")
            names += [f"{prefix}eef_pos", f"{prefix}eef_quat", f"{prefix}gripper_qpos"]
    keys = {**{name: name for name in names}, "object": "object-state"}
    return {key: name for key, name in keys.items() if name in values}
