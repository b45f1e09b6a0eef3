"""Gymnasium environments, one file per simulator: seeded, with ``is_success`` in every info."""

from __future__ import annotations

from zprl_env.envs.flat import FlatObservation, flat_environment
from zprl_env.envs.registration import make_env, register_envs, register_task
from zprl_env.tasks import TASKS, Task, find_task

__all__ = [
    "TASKS",
    "FlatObservation",
    "Task",
    "find_task",
    "flat_environment",
    "make_env",
    "register_envs",
    "register_task",
]
