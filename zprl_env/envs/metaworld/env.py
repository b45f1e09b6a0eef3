"""Meta-World's fifty tasks as Gymnasium environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from zprl_env.envs.base import Outcome, SuiteEnv
from zprl_env.envs.cameras.sight import choose_sight
from zprl_env.envs.mismatch import described
from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import MissingExtraError, UnknownNameError

VERSION = "-v3"
PARTS = {"hand": 3, "gripper": 1, "object": 14, "previous": 18, "goal": 3}
ROLLED_CAMERAS = ("corner", "corner2", "corner3", "corner4")
"""The cameras that Meta-World mounts upside down."""


class MetaWorldEnv(SuiteEnv):
    """A Meta-World task with the guarantees of :class:`~zprl_env.envs.base.SuiteEnv`.

    * Each reset draws a layout: the task's vector of object and goal positions, uniform in the
      random-reset space of Meta-World's class, drawn again while the class finds them too close to
      each other. So every seed is a layout of its own, independent of anything said to ``make``;
      Meta-World's benchmarks draw 50 from a ``make`` seed by the same rule, and no others appear.
    * An observation is Meta-World's: the present's 18 numbers (hand, opening of the gripper, and
      one or two objects, each a position and a quaternion, padded with zeros), those of the step
      before, and the goal or zeros. At a reset the step before is the present.
    * The action is a displacement of the hand (1 cm per unit) and a force of the fingers.
    * Meta-World's end after 500 steps is left out: any ``TimeLimit`` will do.

    Args:
        task: Meta-World's name of the task, with or without ``-v3``.
        reward: ``"sparse"``: 1 on success and else 0. ``"dense"``: Meta-World's, 0 to 10.
        goal_observable: Whether the goal can be seen; else its three numbers are 0, and a task
            whose goal is drawn cannot be solved by looking.
        success_terminates: Whether an episode ends with its first success.
        render_mode: ``"rgb_array"`` or None.
        camera: Camera that `render` looks through; pictures are upright.
        render_size: Height and width of the image [pixels].
        cameras: Cameras whose pictures are observed, in order; the suite's usual ones if None.
        image_size: Height and width of their pictures [pixels], or one number for both; 84 if None.
        observation: ``"state"``: all of the state. ``"pixels"``, the usual one with cameras: their
            pictures and what a robot knows of itself. ``"both"``: pictures and all of the state.
        render_quality: ``"fast"``, the usual one, or ``"full"``, with shadows, reflections and
            multisamples, as `render` has them.
        fast: Leave out what Meta-World's control step repeats; the states are the same to the bit.
        mismatch: How it differs from where demonstrations were recorded; see
            :mod:`zprl_env.envs.mismatch`.

    Raises:
        MissingExtraError: Meta-World is not installed.
        UnknownNameError: No such task, reward or render mode.

    Example:
        >>> env = MetaWorldEnv("push-wall")
        >>> observation, info = env.reset(seed=0)
        >>> observation[env.observation_keys["goal"]].round(2)
        array([-0.05,  0.89,  0.02], dtype=float32)
        >>> env.close()
    """

    suite = "metaworld"
    turned_cameras = ROLLED_CAMERAS
    gripper_actions = (3,)

    def __init__(
        self,
        task: str = "box-close",
        *,
        reward: str = "sparse",
        goal_observable: bool = True,
        success_terminates: bool = True,
        render_mode: str | None = None,
        camera: str = "corner4",
        render_size: tuple[int, int] = (256, 256),
        cameras: Sequence[str] | None = None,
        image_size: int | tuple[int, int] | None = None,
        observation: str | None = None,
        render_quality: str | None = None,
        fast: bool = True,
        mismatch: Mapping[str, float] | None = None,
    ) -> None:
        sight = choose_sight(cameras, image_size, observation, render_quality)
        import_mujoco()
        try:
            import metaworld  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("metaworld", "metaworld") from error
        from zprl_env.envs.metaworld.fast_loop import ALL_V3_ENVIRONMENTS, make_task

        name = task.removesuffix(VERSION) + VERSION
        if name not in ALL_V3_ENVIRONMENTS:
            names = [known.removesuffix(VERSION) for known in ALL_V3_ENVIRONMENTS]
            raise UnknownNameError("Meta-World task", task, names)
        shaped = reward == "dense"
        self._env = make_task(name, goal_observable=goal_observable, fast=fast, shaped=shaped)
        super().__init__(
            name,
            reward=reward,
            success_terminates=success_terminates,
            render_mode=render_mode,
            camera=camera,
            render_size=render_size,
            render_fps=self._env.metadata["render_fps"],
            sight=sight,
            mismatch=mismatch,
        )
        self._env_args = {
            "env_name": name,
            "env_version": version("metaworld"),
            "type": 2,
            "env_kwargs": {"goal_observable": goal_observable},
        }
        self._define_spaces(PARTS, -np.ones(4), np.ones(4))
        self._shift: np.ndarray | None = None
        self._differ()

    @property
    def fast(self) -> bool:
        """Whether the fast control loop is in use."""
        return self._env.fast

    @property
    def env_args(self) -> dict[str, Any]:
        """Arguments that make this environment again, in the form of robomimic's files."""
        return described(self._env_args, self.mismatch)

    def _reset(self) -> tuple[np.ndarray, bool]:
        self._env.np_random = self.np_random
        observation, _ = self._env.reset()
        return self._observed(observation), False

    def _step(self, action: np.ndarray) -> Outcome:
        observation, reward, _, _, info = self._env.step(action)
        if self._env.diverged():
            raise FloatingPointError("the simulation's state is not finite")
        return Outcome(self._observed(observation), float(reward), bool(info["success"]))

    def _simulation(self) -> tuple[Any, Any]:
        return self._env.model, self._env.data

    def _observed(self, observation: np.ndarray) -> np.ndarray:
        shown = observation if self._shift is None else observation + self._shift
        return shown.astype(np.float32)

    def _shift_objects(self, metres: float) -> bool:
        if self._sight.observation == "pixels":
            return False
        objects = len(self._env._get_pos_objects()) // 3
        self._shift = np.zeros(sum(PARTS.values()))
        for start in (4, 4 + PARTS["previous"]):  # the present's, and those of the step before
            self._shift[start : start + 7 * objects : 7] = metres
        return True

    def _widen_starts(self, factor: float) -> bool:
        return self._env.widen_layouts(factor)

    def _free(self) -> None:
        self._env.close()
        del self._env
