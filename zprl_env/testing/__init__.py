"""Conformance checks of a policy and an environment, and a small policy for tests."""

from __future__ import annotations

from zprl_env.testing.environment import check_env_fits
from zprl_env.testing.linear import LinearPolicy
from zprl_env.testing.policy import check_policy

__all__ = ["LinearPolicy", "check_env_fits", "check_policy"]
