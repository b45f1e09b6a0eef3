"""Exceptions a user can act on: each says what must be, what was got, what to try."""

from __future__ import annotations


class ZprlError(Exception):
    """Root of every error this project raises on purpose; command lines print it as one line."""


class CheckpointError(ZprlError):
    """A policy checkpoint is missing, truncated, foreign or inconsistent."""


class DemonstrationError(ZprlError):
    """A demonstration file lacks something that imitation needs."""


class PolicyMismatchError(ZprlError):
    """A policy and the environment or data it meets do not fit each other."""


class ConfigurationError(ZprlError, ValueError):
    """A setting or size is impossible."""


class MissingExtraError(ZprlError):
    """An optional dependency is needed and not installed.

    Args:
        package: The distribution that is missing.
        extra: The extra of this project that brings it.

    >>> print(MissingExtraError("robosuite", "robosuite"))
    robosuite is needed and not installed; run: pip install "zprl-env[robosuite]"
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f'{package} is needed and not installed; run: pip install "zprl-env[{extra}]"'
        )
