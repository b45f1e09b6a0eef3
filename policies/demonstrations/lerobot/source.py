"""Read a LeRobotDataset, v3 or v2.1: rows, videos and pictures, checked episode by episode."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from policies.demonstrations.formats.source import IMAGE, Entry, Source, StoredEpisode
from policies.demonstrations.lerobot.episodes import EpisodePlace, read_places, read_tasks
from policies.demonstrations.lerobot.info import BOOKKEEPING, DatasetInfo, read_info
from policies.demonstrations.lerobot.own_remarks import read_remarks
from policies.demonstrations.lerobot.png_frames import PngFrames
from policies.demonstrations.lerobot.rows import RowFile
from policies.demonstrations.lerobot.video_frames import VideoFrames
from policies.errors import DemonstrationError
from policies.pictures.frames import Frames
from policies.success import success_names

STATE, ENVIRONMENT = "observation.state", "observation.environment_state"
"""Features of what the robot feels, and of where other things are."""
BLOCK = 64
"""Frames that are decoded at once to hash them."""
_ACTIONS = ("action", "actions")
_SUCCESS = success_names(["next.", ""])
_REWARD, _DONE = "next.reward", "next.done"


class LerobotEpisode(StoredEpisode):
    """Episode of a LeRobotDataset, whose features may be called like robomimic's cameras."""

    def cameras(self) -> dict[str, Entry]:
        """Return the cameras' pictures by name: no depths, and none that is not RGB."""
        seen = self.observations.items()
        return {key.removesuffix(IMAGE): entry for key, entry in seen if entry.stored is not None}


class LerobotSource(Source):
    """Demonstrations in a LeRobotDataset.

    Args:
        folder: The dataset.

    Raises:
        DemonstrationError: It is damaged, or contradicts itself.
        MissingExtraError: pyarrow is not installed.
    """

    format = "LeRobotDataset"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._info = info = read_info(folder)
        self.format = f"LeRobotDataset v{info.version[0]}.{info.version[1]}"
        self._places = {place.name: place for place in read_places(info)}
        if not self._places:
            raise DemonstrationError("there must be episodes. Got: none in the dataset.")
        self.names = tuple(self._places)
        self._files: dict[Path, RowFile] = {}
        self._tasks = read_tasks(info)
        features = info.features
        vectors = {n: f for n, f in features.items() if not f.is_picture and n not in BOOKKEEPING}
        self.default_actions = next((n for n in _ACTIONS if n in vectors), "action")
        seen = [n for n in vectors if n not in _ACTIONS and not n.startswith("next.")]
        self._seen = [n for n in seen if n not in _SUCCESS]
        widths = {name: math.prod(features[name].shape) for name in self._seen}
        own = read_remarks(folder, widths)
        self._parts, self.stored_keys = own.parts, own.observation_keys or None
        self.env_args, self.picture_settings = dict(own.env_args), own.picture_settings
        self.rate = info.fps
        self.masks = _masks(info, self._places)
        self.remarks = _remarks(info, self._tasks, [*self._seen, self.default_actions])
        rate = self.env_args.get("env_kwargs") or {}
        stated = rate.get("control_freq") if isinstance(rate, dict) else None
        if isinstance(stated, (int, float)) and stated != info.fps:
            self.notes.append(
                f"fps of meta/info.json is {info.fps:g} and control_freq of its environment "
                f"{stated:g}: one of them is not true"
            )

    def _open(self, name: str) -> StoredEpisode:
        place, info = self._places[name], self._info
        if place.file not in self._files:
            self._files[place.file] = RowFile(place.file)
        file = self._files[place.file]
        rows = file.find(place)
        self._check_clock(place, file, rows)
        self._check_tasks(place, file, rows)
        entries = {
            n: self._numbers(file, rows, n)
            for n, feature in info.features.items()
            if not feature.is_picture and n in file.columns
        }
        absent = [n for n, f in info.features.items() if f.dtype != "video"]
        absent = [n for n in absent if n not in file.columns]
        if absent:
            raise DemonstrationError(
                f"{file.path} must have a column for each feature of meta/info.json. Got none of: "
                f"{', '.join(absent)}."
            )
        seen: dict[str, Entry] = {}
        for feature in self._seen:
            seen |= self._observations(feature, entries[feature])
        for camera, feature in info.cameras.items():
            key, entry = self._camera(place, file, rows, camera, feature)
            seen[key] = entry
        done = entries.get(_DONE)
        if done is None:
            last = np.arange(place.length) == place.length - 1
            done = Entry(last.shape, last.dtype, lambda: last)
        said = next((entries[n] for n in _SUCCESS if n in entries), None)
        return LerobotEpisode(
            name,
            seen,
            {n: e for n, e in entries.items() if n not in self._seen},
            entries.get(_REWARD),
            done,
            None if said is None else bool(np.any(said.read())),
            sorted(info.features),
        )

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        episode = self.episode(name)
        entries = {**episode.actions, **episode.observations}
        for key, entry in sorted(entries.items()):
            if entry.stored is None:
                yield key, entry.read()
                continue
            frames = entry.stored()
            for begin in range(0, len(frames), BLOCK):  # never all in memory
                yield f"{key}/{begin}", frames[begin : begin + BLOCK]

    def usual_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Choose LeRobot's state and, after it, where other things are; else all vectors."""
        return [key for key in (STATE, ENVIRONMENT) if key in keys] if STATE in keys else keys

    def felt_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """Leave out where other things are."""
        told = {ENVIRONMENT, *self._parts.get(ENVIRONMENT, ())}
        return [key for key in keys if key not in told]

    def _numbers(self, file: RowFile, rows: slice, name: str) -> Entry:
        feature = self._info.features[name]
        shape = (rows.stop - rows.start, *feature.shape)
        if feature.dtype == "string":
            return Entry(shape, np.dtype("O"), _nothing, "text")
        try:
            dtype = np.dtype(feature.dtype)
        except TypeError as error:
            raise DemonstrationError(
                f"dtype of {name} in meta/info.json must be a number's. Got: {feature.dtype[:40]}."
            ) from error
        return Entry(shape, dtype, lambda: file.numbers(name, rows, feature.shape))

    def _observations(self, feature: str, whole: Entry) -> dict[str, Entry]:
        """Part a feature into the observations that were put side by side in it."""
        parts = self._parts.get(feature)
        if not parts:
            return {feature: whole}
        found, begin = {}, 0
        for key, size in parts.items():
            columns = slice(begin, begin + size)
            found[key] = Entry((whole.shape[0], size), whole.dtype, _columns(whole.read, columns))
            begin += size
        return found

    def _camera(
        self, place: EpisodePlace, file: RowFile, rows: slice, camera: str, feature: str
    ) -> tuple[str, Entry]:
        info, stated = self._info, self._info.features[feature]
        shape = (place.length, *stated.shape)
        if stated.depth or stated.shape[2] != 3:
            what = "a depth map" if stated.depth else f"{stated.shape[2]} channels, not RGB"
            return feature, Entry(shape, np.dtype(np.uint8), _nothing, f"an image, {what}")

        def stored() -> Frames:
            if stated.dtype == "video":
                part = place.videos[feature]
                return VideoFrames(part, place.length, stated.shape, info.fps, camera)
            return PngFrames(file, feature, rows, stated.shape, info.folder, camera)

        entry = Entry(shape, np.dtype(np.uint8), lambda: np.asarray(stored()[:]), "", stored)
        return f"{camera}{IMAGE}", entry

    def _check_clock(self, place: EpisodePlace, file: RowFile, rows: slice) -> None:
        """Check that steps are as far apart as the rate says, which videos are read by."""
        times = file.counts["timestamp"][rows].astype(np.float64)
        late = abs(times - np.arange(len(times)) / self._info.fps)
        if not (late <= 0.5 / self._info.fps).all():
            step = int(np.argmax(~(late <= 0.5 / self._info.fps)))
            raise DemonstrationError(
                f"timestamp of {place.name} must be frame_index / fps, fps {self._info.fps:g}. "
                f"Got: {times[step]:.3f} s at frame {step}. Correct fps in meta/info.json, or "
                "record at a steady rate."
            )

    def _check_tasks(self, place: EpisodePlace, file: RowFile, rows: slice) -> None:
        numbers = {*file.counts["task_index"][rows].tolist()}
        unknown = sorted(numbers - {*self._tasks})
        if unknown:
            raise DemonstrationError(
                f"task_index of {place.name} must be that of a task. Got: {unknown[:5]}; there are "
                f"{sorted(self._tasks)[:20]}."
            )
        texts = {self._tasks[number] for number in numbers}
        if place.tasks and texts != {*place.tasks}:
            note = (
                f"{place.name} is {sorted(texts)} by its rows and {sorted(place.tasks)} by the "
                "list of episodes; the rows are believed"
            )
            self.notes.append(note)


def _masks(info: DatasetInfo, places: dict[str, EpisodePlace]) -> dict[str, list[str]]:
    """Make lists of episodes: LeRobot's splits, and each task's."""
    found = {
        name: [place.name for place in places.values() if a <= place.number < b]
        for name, (a, b) in info.splits.items()
    }
    for place in places.values():
        for task in place.tasks if len(place.tasks) == 1 else ():
            if task not in info.splits:
                found.setdefault(task, []).append(place.name)
    return found


def _remarks(info: DatasetInfo, tasks: dict[int, str], vectors: list[str]) -> dict[str, str]:
    """Say what else is known: rate, tasks, and what each number of a vector is."""
    found = {"fps": f"{info.fps:g}", "tasks": "; ".join(dict.fromkeys(tasks.values()))}
    if info.robot_type:
        found["robot_type"] = info.robot_type
    for name in vectors:
        names = info.features[name].names if name in info.features else ()
        if names:
            found[f"names of {name}"] = ", ".join(names)
    return found


def _columns(read: Callable[[], np.ndarray], columns: slice) -> Callable[[], np.ndarray]:
    def some() -> np.ndarray:
        values = read()
        return values.reshape(len(values), -1)[:, columns]

    return some


def _nothing() -> np.ndarray:
    raise DemonstrationError("this is no vector of numbers")
