"""Reference environments: a task as its own package makes it, and MuJoCo's bare steps."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

from benchmarks.tools.episodes import Episode
from zprl_env.envs import make_env
from zprl_env.envs.robosuite.quiet import quiet_robosuite
from zprl_env.tasks import TASKS

STATE, COMMAND = mujoco.mjtState.mjSTATE_INTEGRATION, mujoco.mjtState.mjSTATE_USER


class OwnRobosuite(gym.Env[dict[str, np.ndarray], np.ndarray]):
    """``robosuite.make``'s environment: no seed for a reset, four values from a step.

    Args:
        name: robosuite's name of the task.
        **kwargs: Passed to ``robosuite.make``.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        with quiet_robosuite() as robosuite:
            self.env = robosuite.make(name, seed=0, **kwargs)
        low, high = self.env.action_spec
        self.action_space = gym.spaces.Box(low, high, dtype=np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode of robosuite's choice."""
        with quiet_robosuite():
            return self.env.reset(), {}

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Run one control step."""
        observations, reward, done, info = self.env.step(action)
        return observations, reward, False, done, info

    def close(self) -> None:
        """Free the simulation."""
        self.env.close()


def own(task: str) -> gym.Env:
    """Make a task's environment as its package would have users make it, without cameras.

    * robosuite: ``robosuite.make`` with the robots and controllers of ours, stepped directly.
    * Meta-World: ``gym.make("Meta-World/MT1")``, wrappers included.
    * Adroit: ``gym.make("AdroitHandHammer-v1")`` and its like. Its step is one control step of
      1/100 s, and so is ours as long as ``action_repeat`` is left at 1, as it is here.

    Args:
        task: A name in `TASKS`.
    """
    ours = make_env(task)
    arguments = ours.unwrapped.env_args  # type: ignore[attr-defined]
    ours.close()
    name, suite = arguments["env_name"], TASKS[task].suite
    if suite == "robosuite":
        limit = TASKS[task].max_episode_steps
        defaults = {"hard_reset": True, "ignore_done": False, "horizon": limit}
        return OwnRobosuite(name, **{**arguments["env_kwargs"], **defaults})
    if suite == "metaworld":
        return gym.make("Meta-World/MT1", env_name=name, seed=0, disable_env_checker=True)
    return gym.make(name, disable_env_checker=True)


class Physics(gym.Env[None, np.ndarray]):
    """MuJoCo's own steps of one episode and nothing else: no controller, reward, observation.

    Each control step begins in the state that it began in when ours played it, with the command
    that it ended with: for Meta-World and Adroit, which command once per control step, that is
    the same step. It makes the calls of its suite: for robosuite, which commands at every
    substep, 25 times ``mj_step1`` and ``mj_step2``; else one ``mj_step`` of several substeps.

    Args:
        task: A name in `TASKS`.
        episode: The episode, which an environment of ours plays first.
    """

    def __init__(self, task: str, episode: Episode) -> None:
        self._env = make_env(task, success_terminates=False)
        self._env.reset(seed=episode.seed)
        model, data = self._env.unwrapped._simulation()  # type: ignore[attr-defined]
        self.model, self.data = model, data
        sizes = [mujoco.mj_stateSize(model, kind) for kind in (STATE, COMMAND)]
        self._steps = [tuple(np.empty(size) for size in sizes) for _ in episode.actions]
        for (state, command), action in zip(self._steps, episode.actions, strict=True):
            before = data.time
            mujoco.mj_getState(model, data, state, STATE)
            self._env.step(action)
            mujoco.mj_getState(model, data, command, COMMAND)
        self.substeps = round((data.time - before) / model.opt.timestep)
        self._halves = TASKS[task].suite == "robosuite"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Go back to the first step."""
        self._following = iter(self._steps)
        return None, {}

    def step(self, action: np.ndarray) -> tuple[None, float, bool, bool, dict[str, Any]]:
        """Take the next step; the action is not used."""
        model, data = self.model, self.data
        state, command = next(self._following)
        mujoco.mj_setState(model, data, state, STATE)
        mujoco.mj_setState(model, data, command, COMMAND)
        if self._halves:
            for _ in range(self.substeps):
                mujoco.mj_step1(model, data)
                mujoco.mj_step2(model, data)
        else:
            mujoco.mj_step(model, data, nstep=self.substeps)
        return None, 0.0, False, False, {}

    def close(self) -> None:
        """Free the simulation."""
        self._env.close()
