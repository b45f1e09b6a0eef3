"""Conformance checks of a policy and an environment, and a policy and a task for tests."""

from __future__ import annotations

from zprl_env.testing.environment import check_env_fits
from zprl_env.testing.linear import LinearPolicy
from zprl_env.testing.policy import check_policy
from zprl_env.testing.reach import Reach, reach_demonstrations

__all__ = ["LinearPolicy", "Reach", "check_env_fits", "check_policy", "reach_demonstrations"]
