"""Conformance checks of a policy and an environment, and a small policy for tests."""

from __future__ import annotations

from zprl_env.testing.linear import LinearPolicy

__all__ = ["LinearPolicy"]
