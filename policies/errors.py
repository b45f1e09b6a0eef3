"""Errors a user can act on: what must be, what was got, what to try."""

from __future__ import annotations


class ZprlError(Exception):
    """Root of every error this project raises on purpose; command lines print it as one line."""


class CheckpointError(ZprlError):
    """A policy checkpoint is missing, truncated, foreign or inconsistent."""


class DemonstrationError(ZprlError):
    """A demonstration file lacks what imitation needs."""


class PolicyMismatchError(ZprlError):
    """A policy and the environment or data it meets do not fit each other."""


class ConfigurationError(ZprlError, ValueError):
    """A setting or size is impossible."""
