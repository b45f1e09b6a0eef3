"""The episode recorder: writes robot episodes as they happen, safe against a crash."""

from __future__ import annotations

import fcntl
import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from importlib import metadata as packages
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from policies.errors import DemonstrationError, ZprlError
from policies.pictures.settings import ATTRIBUTE, PictureSettings
from real.recording.episode_file import (
    BY_PERSON,
    CUT_OFF,
    EpisodeEntry,
    amend_episode,
    read_entry,
    split_at_damage,
    write_episode,
    write_index,
)
from real.recording.journal import Damage, Journal, Record, scan
from real.recording.pictures import LEVEL, PicturesError, check_same, cost, deflate, observed
from real.recording.recorder import Step, Tick
from real.robot import RobotState
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import OUTCOME, Verdict

BACKLOG, BACKLOG_BYTES = 4096, 2**29
"""Steps that may wait for a slow disk, and bytes of their pictures."""
NICE = 10
"""Priority of the thread that compresses and writes, as of the command nice."""
SYNC = 0.25
"""Time after which written records are brought to the disk [s]."""
FIELDS = {"pose": ("position", "quaternion", "gripper"), "joints": ("joints", "gripper")}
"""Fields of a command, by what is commanded."""
MEASURED = ("position", "quaternion", "gripper", "linear_velocity", "angular_velocity")

_NO_EPISODE = (ZprlError, KeyError, ValueError, TypeError, AttributeError, IndexError)
"""What records raise that are whole and no episode's."""


class RecordingError(DemonstrationError):
    """A recording cannot be written or added to."""


class EpisodeRecorder:
    """Recorder that writes episodes in the format of demonstrations, each step as it happens.

    A thread of its own appends every step to a journal, and turns that into the episode's file
    when the episode ends. SIGKILL loses the steps of the last milliseconds, a power cut those of
    the last quarter of a second; journals that were left are made episodes by the next recorder.

    ``OUT.hdf5`` is a file of demonstrations as every command here reads it. Its episodes are links
    to the files in ``OUT.episodes``, so that what is written is never touched again; keep the two
    together, or make one file of them with ``python -m policies.convert``.

    Args:
        path: ``OUT.hdf5``; episodes are added to those that are there.
        provenance: What else is to be known of every episode, such as the policy's hash. May be
            changed between episodes.
        say: Who is told what was recovered.

    Raises:
        RecordingError: The folder cannot be written, or another recorder writes there.

    Example:
        >>> import tempfile
        >>> from real.env import RealRobotEnv
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     recorder = EpisodeRecorder(f"{folder}/demo.hdf5")
        ...     env = RealRobotEnv("place-orange", driver="ideal", recorder=recorder)
        ...     _ = env.reset(seed=0)
        ...     _ = env.step(env.action_space.sample())
        ...     env.close()
        ...     [(entry.steps, entry.outcome) for entry in recorder.entries]
        [(1, 'abort')]

    Attributes:
        entries: The episodes that are written.
        failure: Why nothing is written any more, None while it is.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        provenance: Mapping[str, Any] | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self.path = Path(path)
        self.folder = self.path.with_suffix(".episodes")
        self.provenance = dict(provenance or {})
        self.entries: list[EpisodeEntry] = []
        self._say = say or (lambda text: print(text, file=sys.stderr))
        self._versions = _versions()
        self._queue: queue.Queue[tuple[dict[str, Any], dict[str, np.ndarray]] | None]
        self._queue = queue.Queue(BACKLOG)
        self.failure: BaseException | None = None
        self._closed = False
        self._waiting = 0  # bytes of pictures in the queue
        self._bytes = threading.Lock()
        self._settings: PictureSettings | None = None
        self._first: dict[str, np.ndarray] = {}
        self._expected = False
        self._preset: Preset | None = None  # of the episode under way
        self._verdict: Verdict | None = None  # of the episode that the thread is at
        self._verdicts: list[tuple[Verdict, int]] = []  # and the numbers of their episodes
        self._amendments: list[tuple[Verdict, str]] = []
        if self.path.suffix not in (".hdf5", ".h5"):
            raise RecordingError(f"A recording must be an .hdf5 file. Got: {self.path}.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise RecordingError(f"cannot record to {self.path}: {error}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise RecordingError(f"Another recorder is writing to {self.folder}.") from error
        try:
            self._look_around()
        except BaseException:
            self._lock.close()
            raise
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def expect(
        self,
        preset: Preset,
        settings: PictureSettings | None,
        images: Mapping[str, tuple[int, int]],
    ) -> None:
        """Pictures will come, whose cost is told; see `real.recording.recorder.PictureRecorder`.

        Raises:
            RecordingError: There is no room, or the recording has other pictures.
        """
        try:
            if self.entries:
                check_same(self.entries[0].file, settings)
            told = cost(settings, images, preset.rate, preset.episode_steps, self.folder)
        except PicturesError as error:
            raise RecordingError(str(error)) from None
        self._settings, self._expected = settings, True
        self._say(f"{self.path}: {told}")

    def look(self, pictures: Mapping[str, np.ndarray]) -> None:
        """Observed first in the next episode; see `real.recording.recorder.PictureRecorder`."""
        self._first = dict(pictures)

    def begin(
        self, preset: Preset, observation: np.ndarray, state: RobotState, info: Mapping[str, Any]
    ) -> None:
        """An episode begins; see `real.recording.recorder.Recorder.begin`."""
        remarks = {
            "kind": "begin",
            "preset": preset.model_dump(mode="json"),
            "info": dict(info),
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "provenance": {**self._versions, **self.provenance},
        }
        if not self._expected and self.entries:
            try:
                check_same(self.entries[0].file, None)
            except PicturesError as error:
                raise RecordingError(str(error)) from None
        self._expected, self._preset = True, preset
        if self._settings is not None:
            remarks[ATTRIBUTE] = self._settings.to_dict()
        first = {observed(name): picture.copy() for name, picture in self._first.items()}
        self._put(remarks, {"observation": observation.copy(), **first})

    def add(self, step: Step) -> None:
        """An action was carried out; see `real.recording.recorder.Recorder.add`."""
        remarks = {
            "kind": "step",
            "reward": float(step.reward),
            "terminated": bool(step.terminated),
            "truncated": bool(step.truncated),
            "info": dict(step.info),
        }
        arrays = {"action": np.array(step.action), "observation": step.observation.copy()}
        if step.executed is not None:
            arrays["executed"] = np.array(step.executed)
        if step.by_person is not None:
            arrays[BY_PERSON] = np.array([step.by_person])
        arrays |= _tick_arrays(step.ticks, self._preset)
        arrays |= {f"frames/{name}": picture for name, picture in step.images.items()}
        arrays |= {observed(name): picture.copy() for name, picture in step.pictures.items()}
        self._put(remarks, arrays)

    def end(self, outcome: str) -> None:
        """The episode is over; see `real.recording.recorder.Recorder.end`."""
        self._put({"kind": "end", "outcome": outcome}, {})

    def amend(self, outcome: str, verdict: Verdict) -> None:
        """Judge an episode once more; see `real.recording.recorder.AmendingRecorder`."""
        self._put({"kind": "amend", "outcome": outcome, "verdict": verdict}, {})

    def close(self) -> None:
        """Finish the steps that wait; a second call does nothing.

        Raises:
            RecordingError: Something could not be written.
        """
        if self._closed:
            return
        self._closed = True
        with suppress(queue.Full):
            self._queue.put(None, timeout=60.0)
        self._thread.join()
        self._lock.close()
        self._check()

    def _put(self, remarks: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self._check()
        if self._closed:
            raise RecordingError("The recorder is closed. Make another one.")
        size = sum(array.nbytes for array in arrays.values())
        with self._bytes:
            self._waiting += size
        try:
            if self._waiting > BACKLOG_BYTES:
                raise queue.Full
            self._queue.put_nowait((remarks, arrays))
        except queue.Full:
            raise RecordingError(
                f"The disk must keep up with the robot. Got: {self._queue.qsize()} steps of "
                f"{1e-6 * self._waiting:.0f} MB not written yet. Record fewer or smaller pictures, "
                "or to another disk."
            ) from None

    def _check(self) -> None:
        if self.failure is not None:
            raise RecordingError(f"cannot record to {self.path}: {self.failure}.") from self.failure

    def _write(self) -> None:
        """Write the steps in the queue: the thread's work."""
        current: Journal | None = None
        if sys.platform == "linux":  # where it is one thread's: the control comes first
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            while True:
                try:
                    item = self._queue.get(timeout=SYNC)
                except queue.Empty:
                    if current is not None and current.dirty:
                        current.sync()
                    continue
                if item is None:
                    return
                remarks, arrays = item
                with self._bytes:
                    self._waiting -= sum(array.nbytes for array in arrays.values())
                # A processor that does not keep up leaves the rest to the disk.
                deflate(arrays, remarks, LEVEL if self._waiting < BACKLOG_BYTES // 16 else 0)
                if remarks["kind"] == "amend":
                    self._amendments.append((remarks["verdict"], remarks["outcome"]))
                    self._amend()
                    continue
                if remarks["kind"] == "begin":
                    self._finish(current)
                    current = Journal(self._path(len(self.entries), ".journal"), SYNC)
                if current is not None:
                    current.add(remarks, arrays)
                self._verdict = remarks.get("info", {}).get(OUTCOME, self._verdict)
                if remarks["kind"] == "end":
                    self._finish(current)
                    current = None
        except Exception as error:
            self.failure = error
        finally:
            with suppress(Exception):
                self._finish(current)

    def _finish(self, current: Journal | None) -> None:
        """Make a journal an episode."""
        if current is None:
            return
        current.close()
        made = self._convert(current.path)
        verdict, self._verdict = self._verdict, None
        if made and verdict is not None:
            self._verdicts.append((verdict, len(self.entries) - 1))
            self._amend()

    def _amend(self) -> None:
        """Write other outcomes on episodes, as far as they are written."""
        waiting, self._amendments = self._amendments, []
        for verdict, outcome in waiting:
            found = [number for known, number in self._verdicts if known is verdict]
            if found:
                self.entries[found[0]] = amend_episode(self.entries[found[0]], outcome)
                write_index(self.path, self.entries)
            else:  # its end comes behind this
                self._amendments.append((verdict, outcome))

    def _convert(self, path: Path) -> list[EpisodeEntry]:
        """Make a journal's episodes; one that is damaged is kept, and it is said what is lost."""
        found = [*scan(path)]
        damage = [item for item in found if isinstance(item, Damage) and not item.torn]
        parts = split_at_damage(found)
        entries = []
        for number, records in enumerate(parts, start=1):
            name = f"{path.stem}.hdf5" if number == 1 else f"{path.stem}.part{number}.hdf5"
            entry = write_episode(records, path.with_name(name))
            if entry is not None:
                entries.append(entry)
        if entries:
            self.entries += entries
            write_index(self.path, self.entries)
        if not damage:
            path.unlink()
            return entries
        steps = sum(isinstance(r, Record) and r.remarks.get("kind") == "step" for r in found)
        kept = sum(entry.steps for entry in entries)
        why = "" if parts else "; its beginning, which says of which task it is, is not among them"
        self._say(
            f"{path} is damaged in {len(damage)} place{'s' * (len(damage) > 1)}: {steps} steps are "
            f"intact, {kept} of them recovered in {len(entries)} "
            f"episode{'s' * (len(entries) != 1)}{why}. Nothing is deleted: it is kept as "
            f"{self._put_aside(path)}"
        )
        return entries

    @staticmethod
    def _put_aside(path: Path) -> Path:
        """Rename a damaged journal to a name that none has."""
        aside, number = path.with_suffix(".damaged"), 2
        while aside.exists():
            aside, number = path.with_suffix(f".{number}.damaged"), number + 1
        return path.rename(aside)

    def _look_around(self) -> None:
        """Find the episodes that are there, and make those of journals that were left."""
        for left in self.folder.glob("*.partial"):
            left.unlink()
        finished = sorted(self.folder.glob("*.hdf5"))
        self.entries = [entry for path in finished if (entry := self._read_entry(path))]
        if self.path.exists() and not finished:
            raise RecordingError(
                f"{self.path} is no recording of a robot, and nothing is added to it. "
                "Choose another name."
            )
        for path in sorted(self.folder.glob("*.journal")):
            if path.with_suffix(".hdf5") in finished:
                path.unlink()  # it was cut off between the two
                continue
            try:
                entries = self._convert(path)
            except _NO_EPISODE as error:
                self._say(f"{self._put_aside(path)} cannot be recovered: {error}")
                continue
            for entry in entries:
                how = "its end is missing" if entry.outcome == CUT_OFF else entry.outcome
                self._say(f"recovered an episode of {entry.steps} steps ({how}): {entry.file}")
        if self.entries:
            write_index(self.path, self.entries)

    def _read_entry(self, path: Path) -> EpisodeEntry | None:
        try:
            return read_entry(path)
        except DemonstrationError as error:
            self._say(f"left out of the recording, and kept where it is: {error}")
            return None

    def _path(self, number: int, suffix: str) -> Path:
        """Return a file name that no episode has."""
        while True:
            path = self.folder / f"{number:06d}{suffix}"
            if not path.exists() and not path.with_suffix(".hdf5").exists():
                return path
            number += 1


def _tick_arrays(ticks: tuple[Tick, ...], preset: Preset | None) -> dict[str, np.ndarray]:
    """Put control periods side by side; NaN where nothing was sent or measured."""
    arms = next((len(t.state.gripper) for t in ticks if t.state is not None), 1)
    space = "pose" if preset is None else preset.space
    measured: tuple[str, ...] = MEASURED
    shapes = {"gripper": (arms,), "quaternion": (arms, 4)}
    if preset is not None and space == "joints":
        measured, shapes["joints"] = (*MEASURED, "joints"), (arms, preset.arms[0].joints)
    arrays: dict[str, np.ndarray] = {"ticks/stamp": np.array([tick.stamp for tick in ticks])}
    stamps = [np.nan if tick.state is None else tick.state.stamp for tick in ticks]
    arrays["ticks/measured/stamp"] = np.array(stamps)
    for kind, names in (("commanded", FIELDS[space]), ("measured", measured)):
        for name in names:
            nothing = np.full(shapes.get(name, (arms, 3)), np.nan)
            source = [tick.command if kind == "commanded" else tick.state for tick in ticks]
            values = [nothing if s is None else getattr(s, name) for s in source]
            arrays[f"ticks/{kind}/{name}"] = np.array(values).reshape(len(ticks), *nothing.shape)
    return arrays


def _versions() -> dict[str, str]:
    """Return the versions of the software that an episode was made with."""
    versions = {"python": platform.python_version()}
    for name in ("zprl-env", "gymnasium", "mujoco", "numpy", "ruckig"):
        with suppress(packages.PackageNotFoundError):
            versions[name] = packages.version(name)
    return versions
