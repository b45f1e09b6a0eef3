"""Honest environments, one file per simulator: five values, seeds, ``is_success``."""

from __future__ import annotations

from zprl_env.registration import make_env, register_envs
from zprl_env.tasks import TASKS, Task

__all__ = ["TASKS", "Task", "make_env", "register_envs"]
