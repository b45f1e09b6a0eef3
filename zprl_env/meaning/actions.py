"""Actions as a policy gives them, compared with those that an environment takes."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from policies.meaning.ranges import Ranges

FAR = 1.5
"""Distance beyond the bounds, in their widths, from which actions are told to be far outside."""
SMALL = 0.02
"""Share of the bounds within which all actions lie only if they are meant in another unit."""


def strange_actions(policy: object, space: gym.Space) -> str:
    """Say where the actions that a policy learned cannot be meant in an environment's units.

    Args:
        policy: The policy; of one without ``action_ranges`` nothing is said.
        space: The environment's space of single actions.

    Returns:
        Words that name both sides; empty if nothing is strange.

    >>> from types import SimpleNamespace
    >>> of_radians = SimpleNamespace(action_ranges=Ranges.between([-1.5], [1.5]))
    >>> strange_actions(of_radians, gym.spaces.Box(-180, 180, (1,)))
    'all actions lie within 2% of the bounds: 0 from -1.5 to 1.5 of [-180, 180]'
    """
    learned = Ranges.of(policy, "action")
    if learned is None or not isinstance(space, gym.spaces.Box):
        return ""
    if space.shape != learned.low.shape:
        return ""
    low, high = (np.asarray(end, np.float64) for end in (space.low, space.high))
    beyond = np.maximum(low - learned.low, learned.high - high)
    far = _bounded(space) & np.isfinite(beyond) & (beyond > FAR * (high - low))
    if far.any():
        return f"actions go far beyond the bounds: {_told(learned, space, far)}"
    return cramped_actions(learned, space)


def cramped_actions(learned: Ranges, space: gym.spaces.Box) -> str:
    """Say whether all actions lie in a small part of what an environment takes.

    Args:
        learned: Where they lie.
        space: The environment's space of single actions.
    """
    bounded = _bounded(space) & np.isfinite(learned.low)
    low, high = (np.asarray(end, np.float64)[bounded] for end in (space.low, space.high))
    small = (learned.high - learned.low)[bounded] < SMALL * (high - low)
    if not bounded.any() or not small.all() or not learned.moved[bounded].any():
        return ""
    return f"all actions lie within {SMALL:.0%} of the bounds: {_told(learned, space, bounded)}"


def _bounded(space: gym.spaces.Box) -> np.ndarray:
    found: np.ndarray = np.isfinite(space.low) & np.isfinite(space.high) & (space.high > space.low)
    return found


def _told(learned: Ranges, space: gym.spaces.Box, where: np.ndarray) -> str:
    return "; ".join(
        f"{i} from {learned.low[i]:.4g} to {learned.high[i]:.4g} of "
        f"[{space.low[i]:g}, {space.high[i]:g}]"
        for i in np.flatnonzero(where)[:6]
    )
