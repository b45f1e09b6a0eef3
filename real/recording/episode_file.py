"""One recorded episode as an HDF5 file in robomimic's layout, and the index of many."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.checkpoints.output import WRITER, package_version
from policies.demonstrations.formats.source import damage_told
from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter
from real.recording.journal import Damage, Record, sync_folder
from real.recording.pictures import kept, write_pictures, write_settings
from real.tasks.files import parse_preset
from real.tasks.layout import ObservationLayout

OUTCOMES = {"success": True, "failure": False, "time limit": False}
"""Success by outcome; the outcomes that are not here say nothing about the task."""
BY_PERSON = "by_person"
"""Array of an episode: whether a person made each step."""
CUT_OFF = "cut off"
"""The outcome of an episode whose end was not written down."""


@dataclass(frozen=True)
class EpisodeEntry:
    """An episode as the index lists it: file, steps and outcome.

    Attributes:
        file: Its HDF5 file, which holds ``data/demo_0``.
        steps: Its length.
        outcome: How it ended.
        by_person: How many of its steps a person made.
    """

    file: Path
    steps: int
    outcome: str
    by_person: int = 0


def write_episode(records: Sequence[Record], path: Path) -> EpisodeEntry | None:
    """Write an episode's file, which appears when it is complete.

    Args:
        records: Its beginning, its steps and, if it was not cut off, its end.
        path: The file.

    Returns:
        What the index has to know; None if the episode has no step.

    Raises:
        DemonstrationError: The records are no episode's.
    """
    steps = [record for record in records[1:] if record.remarks["kind"] == "step"]
    if not steps:
        return None
    begin, last = records[0], records[-1].remarks
    outcome = last["outcome"] if last["kind"] == "end" else CUT_OFF
    preset = parse_preset(begin.remarks["preset"], "a recorded preset")
    observations = np.stack([r.arrays["observation"] for r in [begin, *steps[:-1]]])
    rewards = np.array([step.remarks["reward"] for step in steps], np.float32)
    over = [step.remarks["terminated"] or step.remarks["truncated"] for step in steps]
    keys = ObservationLayout(preset).keys
    trajectory = Trajectory(
        {key: observations[:, where] for key, where in keys.items()},
        np.stack([step.arrays["action"] for step in steps]),
        rewards,
        np.array(over),
        OUTCOMES.get(outcome),
    )
    env_args = {
        "env_name": preset.name,
        "type": "real",
        "env_kwargs": {"preset": preset.model_dump(mode="json")},
    }
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with DemonstrationWriter(partial, env_args, [*keys]) as writer:
        writer.append(trajectory, outcome=outcome, **_remarks(begin))
    # Without a lock: one that a process being started shares would outlive the writer above.
    with h5py.File(partial, "r+", locking=False) as file:
        _write_details(file["data/demo_0"], begin, steps)
        write_settings(file["data"], begin)
        file["data"].attrs[WRITER] = package_version()
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, path)
    sync_folder(path.parent)
    made = sum(bool(step.arrays[BY_PERSON].all()) for step in steps if BY_PERSON in step.arrays)
    return EpisodeEntry(path, len(steps), outcome, made)


def amend_episode(entry: EpisodeEntry, outcome: str) -> EpisodeEntry:
    """Write another outcome on an episode; its rewards stay as the agent was given them.

    Args:
        entry: The episode.
        outcome: Its outcome after all.
    """
    with h5py.File(entry.file, "r+", locking=False) as file:
        group = file["data/demo_0"]
        if "outcome_before" not in group.attrs:
            group.attrs["outcome_before"] = group.attrs["outcome"]
        group.attrs["outcome"] = outcome
        if outcome in OUTCOMES:
            group.attrs["success"] = OUTCOMES[outcome]
        elif "success" in group.attrs:
            del group.attrs["success"]
    return replace(entry, outcome=outcome)


def split_at_damage(found: Iterable[Record | Damage]) -> list[list[Record]]:
    """Split an episode's records where some are damaged, into episodes without a gap.

    What was seen before an action stands in the record before it. The first step behind a gap
    therefore loses its action, and is the beginning of what follows.

    Args:
        found: What a journal holds, in order.

    Returns:
        Records for :func:`write_episode`, one list per episode; none without a beginning.
    """
    begin: Record | None = None
    parts: list[list[Record]] = []
    gap = False
    for item in found:
        if isinstance(item, Damage):
            gap = True
        elif item.remarks.get("kind") == "begin":
            begin, gap = item, False
            parts.append([item])
        elif begin is None:
            continue
        elif not gap:
            parts[-1].append(item)
        elif item.remarks.get("kind") == "step":
            pictures, shapes = kept(item)
            remarks = {**begin.remarks, "provenance": _after_gap(begin), **shapes}
            arrays = {"observation": item.arrays["observation"], **pictures}
            parts.append([Record(remarks, arrays)])
            gap = False
    return parts


def _after_gap(begin: Record) -> dict[str, Any]:
    return {**begin.remarks["provenance"], "recovered": "behind a damaged record"}


def read_entry(path: Path) -> EpisodeEntry:
    """Read an episode's entry in the index from its file.

    Raises:
        DemonstrationError: It is none.
    """
    with damage_told(path, "a recorded episode"), h5py.File(path, "r") as file:
        group = file["data/demo_0"]
        steps, there = int(group.attrs["num_samples"]), len(group["actions"])
        if steps != there:
            raise ValueError(f"num_samples says {steps} steps, and there are {there} actions")
        made = int(np.count_nonzero(group[BY_PERSON][:])) if BY_PERSON in group else 0
        return EpisodeEntry(path, steps, str(group.attrs["outcome"]), made)


def write_index(path: Path, entries: Sequence[EpisodeEntry]) -> None:
    """Write the file that shows all episodes as one: links to their files, which stay theirs.

    Args:
        path: The file.
        entries: The episodes, at least one.
    """
    partial = path.with_name(f"{path.name}.partial")
    with h5py.File(entries[0].file, "r") as first:
        attributes = dict(first["data"].attrs)
    with h5py.File(partial, "w") as file:
        data = file.create_group("data")
        data.attrs.update(attributes | {WRITER: package_version()})
        data.attrs["total"] = sum(entry.steps for entry in entries)
        masks: dict[str, list[str]] = {}
        for number, entry in enumerate(entries):
            where = entry.file.relative_to(path.parent)
            data[f"demo_{number}"] = h5py.ExternalLink(str(where), "/data/demo_0")
            name = f"demo_{number}"
            listed = [entry.outcome.replace(" ", "_")]
            if entry.outcome in OUTCOMES:
                listed += ["judged", "success" if OUTCOMES[entry.outcome] else "failure"]
            listed += [BY_PERSON] if entry.by_person else []
            for mask in dict.fromkeys(listed):
                masks.setdefault(mask, []).append(name)
        for mask, names in masks.items():
            file[f"mask/{mask}"] = np.array(names, "S")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, path)
    sync_folder(path.parent)


def _remarks(begin: Record) -> dict[str, Any]:
    """Return the attributes that are written on an episode."""
    remarks = {"seed": begin.remarks["info"].get("seed", -1), "date": begin.remarks["date"]}
    return {**remarks, "provenance": json.dumps(begin.remarks["provenance"])}


def _write_details(group: h5py.Group, begin: Record, steps: Sequence[Record]) -> None:
    """Write the data that imitation does not need: control periods, operator's events, pictures."""
    for name in sorted(name for name in steps[0].arrays if name.startswith("ticks/")):
        present = [step.arrays[name] for step in steps if name in step.arrays]
        group[name] = np.concatenate(present)
    counts = [len(step.arrays["ticks/stamp"]) for step in steps]
    if all("executed" in step.arrays for step in steps):
        group["actions_executed"] = np.stack([step.arrays["executed"] for step in steps])
    if all(BY_PERSON in step.arrays for step in steps):
        group[BY_PERSON] = np.concatenate([step.arrays[BY_PERSON] for step in steps])
    group["ticks/step"] = np.repeat(np.arange(len(steps)), counts)
    group["info"] = [json.dumps(step.remarks["info"]) for step in steps]
    for name in ("terminated", "truncated"):
        group[name] = np.array([step.remarks[name] for step in steps])
    write_pictures(group, begin, steps)
