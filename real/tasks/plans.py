"""Plans: where a chunk of actions would send the arms, one after the other."""

from __future__ import annotations

import numpy as np

from real.tasks.layout import ActionLayout
from real.tasks.preset import Preset


def places_of(preset: Preset, start: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Return the coordinates that actions would send the arms to, not yet limited in any way.

    Args:
        preset: The task.
        start: Where the arms were sent last. Shape ``(N, C)``.
        actions: Shape ``(n, A)``; numbers outside of [-1, 1] are clipped.

    Returns:
        Shape ``(n, N, C)``.

    Example:
        >>> from real.tasks.files import load_preset
        >>> preset = load_preset("place-orange")
        >>> layout = ActionLayout(preset)
        >>> still = layout.action(layout.home, layout.home)
        >>> places_of(preset, layout.home, np.stack([still, still]))[:, 0, :3].tolist()
        [[0.42, 0.0, 0.28], [0.42, 0.0, 0.28]]
    """
    layout, last = ActionLayout(preset), np.asarray(start, np.float64)
    places = np.zeros((len(actions), *last.shape))
    for number, action in enumerate(actions):
        places[number] = last = layout.target(np.clip(action, -1.0, 1.0), last)
    return places
