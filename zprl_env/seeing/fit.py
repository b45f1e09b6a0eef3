"""Fit of an environment's pictures to a policy that sees: cameras, size, quality, state."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from policies.pictures.batch import frame_problem
from policies.pictures.settings import STATE, PictureSettings
from zprl_env.envs.spaces import is_image
from zprl_env.errors import PolicyMismatchError, TaskMismatchWarning


def cameras_of(policy: object) -> tuple[str, ...]:
    """Return the cameras that a policy sees through, in order; none if it sees states.

    >>> cameras_of(object())
    ()
    """
    return tuple(getattr(policy, "cameras", None) or ())


def settings_of(policy: object) -> PictureSettings | None:
    """Return what a policy's pictures were made with; None if it does not say."""
    settings = getattr(policy, "picture_settings", None)
    return settings if isinstance(settings, PictureSettings) else None


def has_pictures(space: gym.Space) -> bool:
    """Tell whether an environment's observation holds pictures, alone or among others."""
    if isinstance(space, gym.spaces.Dict):
        return any(map(has_pictures, space.values()))
    return is_image(space)


def state_size(space: gym.Space) -> int:
    """Return the size of what is observed beside pictures, or of a flat observation."""
    if isinstance(space, gym.spaces.Dict):
        space = space.spaces.get(STATE, gym.spaces.Box(0, 1, (0,)))
    return int(np.prod(space.shape or ()))


def picture_mismatches(space: gym.Space, policy: Any) -> Iterator[str]:
    """List the reasons why an environment's observations do not fit a policy that sees.

    Args:
        space: The environment's observation space.
        policy: The policy.

    Yields:
        Sentences that name both sides and what to try.
    """
    cameras, settings = cameras_of(policy), settings_of(policy)
    make = "Make it by zprl_env.make_env_for(policy, name), which takes the policy's cameras"
    if not isinstance(space, gym.spaces.Dict):
        yield (
            f"The policy sees through the cameras {', '.join(cameras)}. Got an environment with "
            f"observations {space}, without pictures. {make}; or give a policy of states."
        )
        return
    if missing := [name for name in cameras if name not in space.spaces]:
        yield (
            f"The policy sees through the cameras {', '.join(cameras)}. Got an environment with "
            f"{', '.join(space.spaces)}, without {', '.join(missing)}. {make}."
        )
    size = None if settings is None else settings.image_size
    for name in cameras:
        box = space.spaces.get(name)
        if box is None:
            continue
        if not isinstance(box, gym.spaces.Box):
            yield f"The policy's camera {name} must be a Box of pictures. Got: {box}."
        elif problem := frame_problem((1, *box.shape), np.dtype(box.dtype), size):
            yield f"The environment's frames of camera {name} {problem}"
        elif not (np.all(box.low == 0) and np.all(box.high == 255)):
            yield (
                f"The environment's frames of camera {name} must go from 0 to 255. Got: {box}. "
                "Leave pictures as bytes; the policy scales them by itself."
            )
    yield from _state_mismatch(space, policy)


def _state_mismatch(space: gym.spaces.Dict, policy: Any) -> Iterator[str]:
    state = space.spaces.get(STATE)
    expected = getattr(policy, "observation_dim", None)
    if state is not None and not (isinstance(state, gym.spaces.Box) and len(state.shape) == 1):
        yield f"Proprioception, {STATE!r}, must be a flat Box. Got: {state}. Flatten it first."
        return
    size = state_size(space)
    if expected not in (None, 0, size):
        got = f"{size} numbers, {state}" if size else "none"
        yield (
            f"The policy was trained with proprioception, {STATE!r}, of size {expected}. Got an "
            f'environment with {got}. observation="pixels" has what a robot knows of itself; the '
            "robot must be the policy's."
        )


def check_pictures(policy: object, shown: object) -> None:
    """Refuse pictures that were made with other settings than a policy's; warn of small changes.

    Args:
        policy: The policy; one of states, or that does not say, is left alone.
        shown: The environment's ``picture_settings``, if it says them.

    Raises:
        PolicyMismatchError: Cameras, size, render quality or orientation differ.
    """
    wanted = settings_of(policy)
    if not cameras_of(policy) or wanted is None or not isinstance(shown, PictureSettings):
        return
    if differences := wanted.difference(shown):
        raise PolicyMismatchError(
            "A policy must be shown pictures of the kind that it learned from. Got, the policy's "
            f"first: {'; '.join(differences)}. Make the environment by "
            "zprl_env.make_env_for(policy, name), or leave cameras, image_size and render_quality "
            "out."
        )
    if deviations := wanted.deviation(shown):
        warnings.warn(
            "The policy's pictures may have looked a little different; the policy's first: "
            f"{'; '.join(deviations)}. Compare its success, and policy.reference_frames() with "
            "pictures of now.",
            TaskMismatchWarning,
            stacklevel=_outside(),
        )


def _outside() -> int:
    """Return the stack level of the caller outside of this package, for a warning."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("zprl_env."):
        level, frame = level + 1, frame.f_back
    return level
