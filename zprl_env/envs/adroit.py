"""Adroit's hand tasks (door, hammer, pen) as Gymnasium environments."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from policies.errors import ConfigurationError
from zprl_env.envs.base import Outcome, SuiteEnv
from zprl_env.envs.cameras.sight import choose_sight
from zprl_env.envs.mismatch import described
from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import MissingExtraError, UnknownNameError

mujoco: Any = import_mujoco()


class _AdroitTask(NamedTuple):
    """Row of a task: its class in gymnasium-robotics, observation's parts, and D4RL's criterion."""

    module: str
    class_name: str
    parts: dict[str, int]
    held_steps: int


ADROIT_TASKS = {
    "door": _AdroitTask(
        "adroit_door",
        "AdroitHandDoorEnv",
        {
            "hand_qpos": 27,  # all but the arm's slide
            "latch": 1,
            "hinge": 1,
            "palm_pos": 3,
            "handle_pos": 3,
            "handle_to_palm": 3,
            "door_open": 1,
        },
        25,
    ),
    "hammer": _AdroitTask(
        "adroit_hammer",
        "AdroitHandHammerEnv",
        {
            "hand_qpos": 26,
            "nail_depth": 1,
            "hammer_vel": 6,
            "palm_pos": 3,
            "hammer_pos": 3,
            "hammer_euler": 3,
            "nail_pos": 3,
            "nail_force": 1,
        },
        25,
    ),
    "pen": _AdroitTask(
        "adroit_pen",
        "AdroitHandPenEnv",
        {
            "hand_qpos": 24,
            "pen_pos": 3,
            "pen_vel": 6,
            "pen_axis": 3,
            "target_axis": 3,
            "target_to_pen": 3,
            "target_axis_to_pen_axis": 3,
        },
        20,
    ),
}
"""The tasks, with the sizes of the observation's parts and the steps that count as held."""

SUCCESSES = ("first", "held")
BAD_STATES = slice(mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQACC + 1)
"""MuJoCo's warnings of positions, velocities and accelerations."""


class AdroitEnv(SuiteEnv):
    """A task for Adroit's hand with the guarantees of :class:`~zprl_env.envs.base.SuiteEnv`.

    The observation and the dense reward are gymnasium-robotics' own; its episodes never end by
    themselves and neither do these, before success.

    Args:
        task: ``"door"`` (28 actions), ``"hammer"`` (26) or ``"pen"`` (24).
        reward: ``"sparse"``: 1 on success and else 0. ``"dense"``: gymnasium-robotics' shaped
            reward, summed over the repetitions of an action.
        action_repeat: Control steps (1/100 s) for which each action is applied.
        success: ``"first"``: the task is done when its criterion holds for the first time.
            ``"held"``: when it has held at 25 control steps of the episode (20 for the pen), not
            necessarily in a row, which is how D4RL's evaluation counts.
        success_terminates: Whether an episode ends with its success. Where it does not, what is
            done remains done for the rest of the episode.
        render_mode: ``"rgb_array"`` or None.
        camera: Camera that `render` looks through, e.g. ``"fixed"`` or ``"vil_camera"``.
        render_size: Height and width of the image [pixels].
        cameras: Cameras whose pictures are observed, in order; the suite's usual ones if None.
        image_size: Height and width of their pictures [pixels], or one number for both; 84 if None.
        observation: ``"state"``: all of the state. ``"pixels"``, the usual one with cameras: their
            pictures and what a robot knows of itself. ``"both"``: pictures and all of the state.
        render_quality: ``"fast"``, the usual one, or ``"full"``, with shadows, reflections and
            multisamples, as `render` has them.
        mismatch: How it differs from where demonstrations were recorded; see
            :mod:`zprl_env.envs.mismatch`. A hand can differ in friction alone.

    Raises:
        MissingExtraError: gymnasium-robotics is not installed.
        UnknownNameError: No such task, reward, success or render mode.
        ConfigurationError: ``action_repeat`` is not a positive integer.

    >>> env = AdroitEnv("door")
    >>> observation, info = env.reset(seed=0)
    >>> observation.shape, info
    ((39,), {'is_success': False})
    >>> env.observation_keys["handle_pos"]
    slice(32, 35, None)
    >>> env.close()
    """

    suite = "adroit"

    def __init__(
        self,
        task: str = "door",
        *,
        reward: str = "sparse",
        action_repeat: int = 1,
        success: str = "first",
        success_terminates: bool = True,
        render_mode: str | None = None,
        camera: str = "vil_camera",
        render_size: tuple[int, int] = (256, 256),
        cameras: Sequence[str] | None = None,
        image_size: int | tuple[int, int] | None = None,
        observation: str | None = None,
        render_quality: str | None = None,
        mismatch: Mapping[str, float] | None = None,
    ) -> None:
        sight = choose_sight(cameras, image_size, observation, render_quality)
        if task not in ADROIT_TASKS:
            raise UnknownNameError("Adroit task", task, ADROIT_TASKS)
        if success not in SUCCESSES:
            raise UnknownNameError("success", success, SUCCESSES)
        if not isinstance(action_repeat, int) or action_repeat < 1:
            raise ConfigurationError(
                f"action_repeat must be a positive integer. Got: {action_repeat!r}"
            )
        self.action_repeat = action_repeat
        self.success = success
        known = ADROIT_TASKS[task]
        self._steps_needed = known.held_steps if success == "held" else 1
        self._steps_held = 0
        self._env = _make_hand_env(known, "dense" if reward == "dense" else "sparse")
        super().__init__(
            task,
            reward=reward,
            success_terminates=success_terminates,
            render_mode=render_mode,
            camera=camera,
            render_size=render_size,
            render_fps=round(1.0 / (self._env.dt * action_repeat)),
            sight=sight,
            mismatch=mismatch,
        )
        ones = np.ones(self._env.action_space.shape)
        self._define_spaces(known.parts, -ones, ones)
        self._differ()

    @property
    def env_args(self) -> dict[str, Any]:
        """Arguments that make this environment again, in the form of robomimic's files."""
        args = {
            "env_name": f"AdroitHand{self.task.title()}-v1",
            "env_version": version("gymnasium-robotics"),
            "type": 2,
            "env_kwargs": {"action_repeat": self.action_repeat, "success": self.success},
        }
        return described(args, self.mismatch)

    def _reset(self) -> tuple[np.ndarray, bool]:
        self._env.np_random = self.np_random
        self._steps_held = 0
        observation, _ = self._env.reset()
        return observation.astype(np.float32), False

    def _step(self, action: np.ndarray) -> Outcome:
        total = 0.0
        for _ in range(self.action_repeat):
            observation, reward, _, _, info = self._env.step(action)
            if self._env.data.warning.number[BAD_STATES].any():
                # MuJoCo has put the model's initial state in place of the one that diverged.
                raise FloatingPointError("MuJoCo found a bad state")
            total += float(reward)
            self._steps_held += bool(info["success"])
            if self.success_terminates and self._steps_held >= self._steps_needed:
                break
        success = self._steps_held >= self._steps_needed
        return Outcome(observation.astype(np.float32), total, success)

    def _simulation(self) -> tuple[Any, Any]:
        return self._env.model, self._env.data

    def _free(self) -> None:
        self._env.close()
        self._env = None


def _make_hand_env(task: _AdroitTask, reward_type: str) -> Any:
    """Make gymnasium-robotics' environment, without its wrappers and without its notices.

    Args:
        task: Where it is.
        reward_type: ``"dense"``, or ``"sparse"``, which does not compute the shaped reward.
    """
    try:
        # Importing it prints a notice about other versions' rewards to stderr.
        with contextlib.redirect_stderr(io.StringIO()):
            module = import_module(f"gymnasium_robotics.envs.adroit_hand.{task.module}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gymnasium_robotics"):
            raise MissingExtraError("gymnasium-robotics", "adroit") from error
        raise
    return getattr(module, task.class_name)(reward_type=reward_type)
