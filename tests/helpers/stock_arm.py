"""robosuite's own control beside ours, and everything that a step changes."""

from __future__ import annotations

import mujoco
import numpy as np

from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.envs.robosuite.fast_parts import FastArm


class StockArm(FastArm):
    """An arm that robosuite's own controller moves, and that notes what ours would have done."""

    goal_differences: list[float] = []  # noqa: RUF012
    torque_differences: list[float] = []  # noqa: RUF012

    def set_goal(self, action: np.ndarray) -> None:
        super().set_goal(action)
        controller = self.controller
        ours = np.concatenate([controller.goal_pos, np.ravel(controller.goal_ori)])
        controller.set_goal(action[self.where])
        stock = np.concatenate([controller.goal_pos, np.ravel(controller.goal_ori)])
        self.goal_differences.append(np.abs(ours - stock).max())

    def apply(self) -> None:
        super().apply()
        ours = self.data.ctrl[self.actuators]
        stock = np.clip(self.controller.run_controller(), *self.limits)
        self.torque_differences.append(np.abs(ours - stock).max())
        self.data.ctrl[self.actuators] = stock


def state(env: RobosuiteEnv) -> np.ndarray:
    """Everything that decides what MuJoCo does next, and what its sensors read."""
    model, data = env.sim.model._model, env.sim.data._data
    values = np.empty(mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_INTEGRATION))
    mujoco.mj_getState(model, data, values, mujoco.mjtState.mjSTATE_INTEGRATION)
    return np.concatenate([values, data.sensordata])
