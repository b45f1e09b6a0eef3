"""The simulated robot in MuJoCo: arms, scenes, sensors, cameras, latency and faults."""

from __future__ import annotations

from zprl_env.envs.states_only import import_mujoco

import_mujoco()  # before the modules here do, which want its states whatever OpenGL there is
