"""Loading demonstrations for a command, which says what it takes, what not, and what is strange."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from policies.demonstrations.action_range import ActionRange, range_notes, range_of, stated_range
from policies.demonstrations.demonstrations import Demonstrations

SIZES = 3
"""Lines of a report that only say how much there is."""
SHOWN = 5
"""Items of a list that are shown one by one."""


def load_and_say(
    path: str | os.PathLike[str],
    keys: Sequence[str] | None = None,
    mask: str | None = None,
    *,
    env: str | None = None,
    skip_bad: bool = False,
    brief: bool = False,
    say: Callable[[str], object] = print,
    **options: Any,
) -> Demonstrations:
    """Load demonstrations and say what was taken, what was left out, and what is strange.

    Args:
        path: What to load; see `Demonstrations.load`.
        keys: Observation keys, in order.
        mask: Filter key.
        env: Environment to compare the actions with; the one that the file names if not given.
        skip_bad: Leave out bad episodes.
        brief: Say only what was left out and what is strange.
        say: What is given each line.
        **options: Of `Demonstrations.load`.

    Raises:
        DemonstrationError: They cannot be loaded.
        ConfigurationError: There is no such environment.
    """
    known = None if env is None else range_of(env)
    demonstrations = Demonstrations.load(path, keys, mask, skip_bad=skip_bad, **options)
    for line in report(demonstrations, os.fspath(path), known)[SIZES if brief else 0 :]:
        say(line)
    return demonstrations


def report(
    demonstrations: Demonstrations, name: str, known: ActionRange | None = None
) -> list[str]:
    """Say in a few lines what demonstrations hold.

    Args:
        demonstrations: What was loaded.
        name: Where from.
        known: Range to compare the actions with; that of the environment they name if not given.
    """
    episodes, sizes = demonstrations.trajectories, demonstrations.observation_dims
    steps = sum(len(episode) for episode in episodes)
    seen = ", ".join(f"{key} ({size})" for key, size in sizes.items())
    actions = np.concatenate([episode.actions for episode in episodes])
    known = known or stated_range(demonstrations.env_args, demonstrations.action_bounds)
    lines = [
        f"{name}: {_count(len(episodes), 'episode')}, {_count(steps, 'step')}",
        f"  observation ({sum(sizes.values())}): {seen}",
        f"  action: {_count(actions.shape[1], 'number')}",
    ]
    settings = demonstrations.picture_settings
    if settings is not None:
        height, width = settings.image_size
        size = steps * len(settings.cameras) * height * width * 3
        lines.append(
            f"  cameras: {', '.join(settings.cameras)}; {height} x {width} pixels, "
            f"{size / 2**20:,.0f} MiB in memory"
        )
    if demonstrations.left_out:
        lines.append(f"  left out: {listed(demonstrations.left_out)}")
    if demonstrations.skipped:
        lines.append(
            f"  skipped {_count(len(demonstrations.skipped), 'bad episode')}: "
            f"{listed(demonstrations.skipped)}"
        )
    notes = [] if known is None else range_notes(actions, known)
    return [*lines, *(f"  warning: {note}" for note in notes)]


def provenance(demonstrations: Demonstrations) -> dict[str, Any]:
    """Return what a checkpoint keeps of how its demonstrations were read; JSON."""
    kept = {"skipped_episodes": demonstrations.skipped, "left_out": demonstrations.left_out}
    return {name: dict(value) for name, value in kept.items() if value}


def listed(items: Mapping[str, str]) -> str:
    """Write names with their reasons, those of one reason together, and no more than a few.

    >>> listed({"top": "an image", "side": "an image", "t": "a clock"})
    'top, side (an image); t (a clock)'
    """
    by_reason: dict[str, list[str]] = {}
    for name, reason in items.items():
        by_reason.setdefault(reason, []).append(name)
    parts = [f"{few(names)} ({reason})" for reason, names in by_reason.items()]
    return "; ".join(parts[:SHOWN]) + (f"; {len(parts) - SHOWN} more" * (len(parts) > SHOWN))


def few(names: Iterable[str]) -> str:
    """Write the first names of a list, and how many there are besides."""
    all_ = [*names]
    return ", ".join(all_[:SHOWN]) + (f" and {len(all_) - SHOWN} more" * (len(all_) > SHOWN))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
