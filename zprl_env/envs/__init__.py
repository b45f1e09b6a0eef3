"""Honest environments, one file per simulator: five values, seeds, ``is_success``."""

from __future__ import annotations

from zprl_env.registration import TASKS, Task, make_env, register_envs

__all__ = ["TASKS", "Task", "make_env", "register_envs"]
