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
    bounded = np.isfinite(low) & np.isfinite(high) & (high > low) & np.isfinite(learned.low)
    width = np.where(bounded, high - low, 1.0)
    beyond = np.maximum(low - learned.low, learned.high - high)

    def told(where: np.ndarray) -> str:
        return "; ".join(
            f"{i} from {learned.low[i]:.4g} to {learned.high[i]:.4g} of [{low[i]:g}, {high[i]:g}]"
            for i in np.flatnonzero(where)[:6]
        )

    if (far := bounded & (beyond > FAR * width)).any():
        return f"actions go far beyond the bounds: {told(far)}"
    small = (learned.high - learned.low)[bounded] < SMALL * width[bounded]
    if bounded.any() and small.all() and learned.moved[bounded].any():
        return f"all actions lie within {SMALL:.0%} of the bounds: {told(bounded)}"
    return ""
