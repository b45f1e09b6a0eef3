"""Load a LeRobot policy from its address, as a generator to steer or to fit a bottleneck onto."""

from __future__ import annotations

from typing import Any

from policies.foreign.lerobot.base import LeRobotGenerator
from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint
from policies.foreign.lerobot.files import Address


def load(address: str | Address) -> LeRobotGenerator:
    """Load a LeRobot policy: Diffusion, ACT, SmolVLA, pi0 or pi0.5.

    Args:
        address: A path or ``user/name@revision``, with or without ``lerobot:``, and options after
            ``?``; see :class:`~policies.foreign.lerobot.files.Address`.

    Returns:
        The generator; :class:`~policies.foreign.policy.ForeignPolicy` makes it steerable.

    Raises:
        CheckpointError: It cannot be read whole, or LeRobot is not installed here.
        ConfigurationError: An option is unknown or missing.
    """
    from policies.foreign.lerobot.act import ActGenerator
    from policies.foreign.lerobot.diffusion import DiffusionGenerator
    from policies.foreign.lerobot.vision_language import VisionLanguageGenerator

    checkpoint = LeRobotCheckpoint(address)
    kinds: dict[str, Any] = {"diffusion": DiffusionGenerator, "act": ActGenerator}
    kind = kinds.get(checkpoint.settings.kind, VisionLanguageGenerator)
    made: LeRobotGenerator = kind(checkpoint)
    return made
