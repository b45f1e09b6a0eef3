"""Summary of demonstrations: number of episodes, lengths, success, actions, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from policies.demonstrations.absolute_actions import AXIS_ANGLE, ROWS, frame_notes, marked
from policies.demonstrations.action_range import ActionRange, range_notes, range_of, stated_range
from policies.demonstrations.content_hash import content_hash
from policies.demonstrations.demonstrations import read_episodes
from policies.demonstrations.formats.reading import read_actions
from policies.demonstrations.formats.source import Source, StoredEpisode
from policies.demonstrations.formats.stored_frames import files_held_open
from policies.demonstrations.formats.table import open_source
from policies.demonstrations.robosuite_versions import robosuite_differences
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError

SHOWN_CAMERAS = 5
"""Episodes with bad frames that are named."""
_EDGE = 1e-3
"""An action this near to the end of its range, as a share of the range, counts as saturated."""


@dataclass(frozen=True)
class Summary:
    """Statistics of demonstrations, whether or not one could train on them.

    Attributes:
        source: File or dataset.
        actions: Actions of each episode that has some as wide as most are. Shape ``(T, A)`` each.
        successes: Outcome of each of these episodes, ``None`` where nobody said.
        observations: Shape and type of one entry of each observation key.
        masks: Number of episodes in each of robomimic's filter keys.
        env_args: robomimic's description of the environment.
        remarks: What else the file says of itself, such as versions.
        notes: What should give a reader pause.
        sha256: Hash of the content; see `policies.demonstrations.content_hash`.
        format: What they are, in words.
        episodes: How many there are, bad ones included.
        taken: Keys that training would take, in order, with their sizes.
        left_out: Those that it would not, with the reason.
        bad: Episodes that training refuses, with the reason.
        cameras: Shape and type of a frame of each camera, by its name.
    """

    source: str
    actions: tuple[np.ndarray, ...]
    successes: tuple[bool | None, ...]
    observations: Mapping[str, str]
    masks: Mapping[str, int]
    env_args: Mapping[str, Any]
    remarks: Mapping[str, str]
    notes: Sequence[str]
    sha256: str
    format: str = ""
    episodes: int = 0
    taken: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    bad: Mapping[str, str] = field(default_factory=dict)
    cameras: Mapping[str, str] = field(default_factory=dict)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each episode."""
        return np.array([len(actions) for actions in self.actions], dtype=int)


def summarise(source: str, env: str | None = None, *, skip_bad: bool = False) -> Summary:
    """Summarise demonstrations of any format that is read.

    Nothing is refused here that training would refuse: it is told instead, episode by episode.

    Args:
        source: File, folder, or ``"minari:<dataset id>"``.
        env: Environment to compare the actions with; the one that the file names if not given.
        skip_bad: Count only the good episodes.

    Raises:
        DemonstrationError: If there are no demonstrations at all.
        ConfigurationError: There is no such environment.
    """
    known = None if env is None else range_of(env)
    with open_source(source) as opened:
        return _summarise(source, opened, known, skip_bad)


def _summarise(path: str, source: Source, known: ActionRange | None, skip_bad: bool) -> Summary:
    choice = source.choose_keys()
    bad: dict[str, str] = {}
    good: dict[str, Trajectory] = {}
    try:
        good = read_episodes(source, source.names, choice.taken, source.default_actions, bad)
    except DemonstrationError:
        bad = bad or dict.fromkeys(source.names, "it cannot be read")
    stored = _stored(source, [*good] if skip_bad else list(source.names))
    actions = _actions(source, stored)
    first = next(iter(stored[name] for name in good if name in stored), None)
    first = first or next(iter(stored.values()), None)
    seen = first.observations if first else {}
    notes, found = _notes(source, stored), _hash(path, source)
    if good:
        notes += _action_notes(source, [*good.values()], known)
    elif known is not None and actions:
        notes += range_notes(np.concatenate([*actions.values()]), known)
    stated = source.remarks.pop("sha256", None)
    if stated is not None and found not in (stated, "-"):
        notes.append(f"its arrays are not those it was sealed with, sha256 {stated}")
    cameras, camera_notes = _cameras(source, stored, choice.taken)
    notes += camera_notes
    masks, mask_notes = _masks(source)
    shown = next(iter(good.values()), None)
    return Summary(
        source=path,
        actions=tuple(actions.values()),
        successes=tuple(stored[name].success for name in actions),
        observations={key: _entry(values) for key, values in seen.items()},
        masks=masks,
        env_args=source.env_args,
        remarks=source.remarks,
        notes=[*notes, *mask_notes, *source.notes],
        sha256=found,
        format=source.format,
        episodes=len(source.names),
        taken={} if shown is None else {k: v[0].size for k, v in shown.observations.items()},
        left_out=choice.left_out,
        bad=bad,
        cameras=cameras,
    )


def _stored(source: Source, names: Sequence[str]) -> dict[str, StoredEpisode]:
    """Open those episodes that can be opened."""
    found = {}
    for name in names:
        try:
            found[name] = source.episode(name)
        except DemonstrationError:
            continue
    return found


def _actions(source: Source, stored: Mapping[str, StoredEpisode]) -> dict[str, np.ndarray]:
    """Read the actions of those episodes whose actions are as wide as most are."""
    found = {}
    for name, episode in stored.items():
        if source.default_actions not in episode.actions:
            continue
        try:
            found[name] = read_actions(episode, source.default_actions)
        except DemonstrationError:
            continue
    if not found:
        return {}
    width = Counter(values.shape[1] for values in found.values()).most_common(1)[0][0]
    return {name: values for name, values in found.items() if values.shape[1] == width}


def _notes(source: Source, stored: Mapping[str, StoredEpisode]) -> list[str]:
    differences = robosuite_differences(source.env_args)
    notes = [f"training refuses it: {text}" for text in differences[:1]] + differences[1:]
    lacking = sum(bool(episode.lacks) for episode in stored.values())
    if lacking:
        notes.append(
            f"it has no observations in {lacking} of {len(stored)} episodes; extract them with "
            "robomimic's dataset_states_to_obs"
        )
    if any("actions_abs" in episode.actions for episode in stored.values()):
        notes.append("it has absolute actions as well, under actions_abs")
    return notes


def _action_notes(
    source: Source, good: Sequence[Trajectory], known: ActionRange | None
) -> list[str]:
    actions = np.concatenate([episode.actions for episode in good])
    low, high = source.action_low, source.action_high
    bounds = None if low is None or high is None else (low, high)
    known = known or stated_range(source.env_args, bounds)
    notes = [] if known is None else range_notes(actions, known)
    if marked(source.env_args):
        size = ROWS if actions.shape[1] % ROWS == 0 else AXIS_ANGLE
        notes += frame_notes(good, size)
    return notes


def _cameras(
    source: Source, stored: Mapping[str, StoredEpisode], keys: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Describe the cameras, and say in which episodes learning from them would be refused."""
    try:
        names = source.choose_cameras(None)
    except DemonstrationError:
        return {}, []
    first = next(e.cameras() for e in stored.values() if {*names} <= {*e.cameras()})
    cameras = {name: _entry(first[name]) for name in names}
    felt, bad = source.felt_keys([key for key in keys if key not in first]), dict[str, str]()
    with suppress(DemonstrationError), files_held_open():
        read_episodes(source, [*stored], felt, source.default_actions, bad, names)
    seen = [f"{name}: {why}" for name, why in bad.items() if "camera" in why or "frames" in why]
    notes = [f"learning from cameras refuses {text}" for text in seen[:SHOWN_CAMERAS]]
    more = len(seen) - SHOWN_CAMERAS
    return cameras, [*notes, *([f"and {more} episodes more for their cameras"] * (more > 0))]


def _masks(source: Source) -> tuple[dict[str, int], list[str]]:
    """Count the episodes in each filter key, without names of what is not there."""
    there, counts, notes = set(source.names), {}, []
    for name, listed in source.masks.items():
        missing = [episode for episode in listed if episode not in there]
        counts[name] = len(listed) - len(missing)
        if missing:
            notes.append(
                f"mask/{name} names {len(missing)} episodes that are not there: "
                f"{', '.join(missing[:5])}"
            )
    return counts, notes


def _hash(path: str, source: Source) -> str:
    try:
        return content_hash(path)
    except DemonstrationError:
        return "-"


def _entry(values: Any) -> str:
    """Format shape and type of one entry, such as ``3 float32`` or ``84 x 84 x 3 uint8``."""
    return f"{' x '.join(map(str, values.shape[1:])) or 1} {values.dtype}"


def saturation(actions: np.ndarray) -> np.ndarray:
    """Return the share of steps at which each action is at an end of the range it was seen in.

    Args:
        actions: Shape ``(N, A)``.

    Returns:
        Shape ``(A,)``; zero for an action that never changes.

    Example:
        >>> saturation(np.array([[-1.0, 5.0], [0.0, 5.0], [1.0, 5.0], [1.0, 5.0]]))
        array([0.75, 0.  ])
    """
    low, high = actions.min(0), actions.max(0)
    edge = _EDGE * (high - low)
    at_end = (actions <= low + edge) | (actions >= high - edge)
    return np.where(high > low, at_end.mean(0), 0.0)
