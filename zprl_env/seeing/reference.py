"""Reference frames: what a policy has seen of a scene, compared with what is seen of it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.errors import PolicyMismatchError

TOLERANCE = 8.0
"""Mean difference of a camera's picture from which on it is another scene, of 255. It is coarse: a
camera that stands some centimetres beside may stay below."""


def frame_differences(
    frames: Mapping[str, np.ndarray], pictures: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Return the mean absolute difference of each camera's pictures, of 255.

    >>> grey = np.full((2, 2, 3), 100, np.uint8)
    >>> frame_differences({"front": grey}, {"front": grey + 7, "wrist": grey})
    {'front': 7.0}
    """
    both = [name for name in frames if name in pictures]
    return {
        name: float(np.mean(np.abs(frames[name].astype(np.int16) - pictures[name])))
        for name in both
        if frames[name].shape == pictures[name].shape
    }


def check_reference(policy: object, env: gym.Env) -> None:
    """Refuse a scene that looks otherwise than it did where a policy has learned.

    Demonstrations and checkpoints hold a picture of each camera after ``reset(seed=0)``. It is
    taken again of an environment that can do so and is the policy's own; one that was made to
    differ (``mismatch``) is left alone.

    Args:
        policy: The policy; one of states, or without frames, is left alone.
        env: An environment that has not been reset yet, and is as before afterwards.

    Raises:
        PolicyMismatchError: A camera's picture differs by more than `TOLERANCE` on average.
    """
    bare: Any = env.unwrapped
    if not (hasattr(policy, "reference_frames") and hasattr(bare, "reference_pictures")):
        return
    said = (getattr(policy, "metadata", None) or {}).get("env_args") or {}
    if bare.mismatch or said.get("env_name") != bare.env_args.get("env_name"):
        return
    frames = policy.reference_frames()
    if not frames:
        return
    found = frame_differences(frames, bare.reference_pictures())
    if far := {name: value for name, value in found.items() if value > TOLERANCE}:
        told = ", ".join(f"{name} by {value:.0f} of 255" for name, value in far.items())
        raise PolicyMismatchError(
            "A policy that sees must be shown the scene that it learned from. Got, after "
            f"reset(seed=0), pictures that differ on average: {told} (at most {TOLERANCE:g}). "
            "policy.reference_frames() has them as they were: compare versions, light and "
            "cameras, or record and train anew. To go on all the same, name the cameras yourself: "
            "cameras=(...), or --env-kwargs cameras=..."
        )
