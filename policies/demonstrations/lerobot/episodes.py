"""Places of a LeRobotDataset's episodes: which file, which rows, which part of which video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from policies.demonstrations.formats.hdf5 import JSON_BYTES, parse_json
from policies.demonstrations.formats.source import error_text
from policies.demonstrations.lerobot.extra import parquet
from policies.demonstrations.lerobot.info import DatasetInfo
from policies.errors import DemonstrationError

_LFS = b"version https://git-lfs"


@dataclass(frozen=True)
class VideoPart:
    """The part of a video that is an episode's.

    Attributes:
        file: The video.
        begin: Time of its first frame in the video [s].
        end: Time at which it ends [s]; ``None`` where that is not stated.
    """

    file: Path
    begin: float = 0.0
    end: float | None = None


@dataclass(frozen=True)
class EpisodePlace:
    """Place of one episode: its files and rows.

    Attributes:
        number: Its ``episode_index``.
        length: Number of its steps.
        file: File of its rows.
        begin: ``index`` of its first row; ``None`` where that is not stated.
        tasks: Tasks in words.
        videos: By feature.
    """

    number: int
    length: int
    file: Path
    begin: int | None = None
    tasks: tuple[str, ...] = ()
    videos: Mapping[str, VideoPart] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name by which it is known here."""
        return f"episode_{self.number}"


def read_places(info: DatasetInfo) -> list[EpisodePlace]:
    """Read where all episodes lie, by number.

    Raises:
        DemonstrationError: They contradict each other, or what ``meta/info.json`` counts.
    """
    found = [*(_v3(info) if info.is_v3 else _v2(info))]
    found.sort(key=lambda place: place.number)
    for before, after in pairwise(found):
        if before.number == after.number:
            raise DemonstrationError(
                f"each episode must be described once. Got: {after.name} twice in the dataset's "
                "meta folder."
            )
    frames = sum(place.length for place in found)
    stated = (info.episodes, info.frames)
    if (info.episodes not in (-1, len(found))) or (info.frames not in (-1, frames)):
        raise DemonstrationError(
            f"meta/info.json must count the episodes and frames that there are. Got: {stated[0]} "
            f"episodes with {stated[1]} frames there, {len(found)} with {frames} in the list of "
            "episodes. Writing it was interrupted, or files of two datasets were mixed; fetch or "
            "record it again."
        )
    _check_apart(found, info)
    return found


def read_tasks(info: DatasetInfo) -> dict[int, str]:
    """Read the tasks' texts by their number, whatever row they stand in.

    Raises:
        DemonstrationError: A number is there twice.
    """
    rows: list[tuple[Any, Any]] = []
    table, lines = info.folder / "meta/tasks.parquet", info.folder / "meta/tasks.jsonl"
    if table.is_file():
        with open_parquet(table) as file:
            columns = file.read().to_pydict()
        texts = next((columns[n] for n in ("task", "__index_level_0__") if n in columns), None)
        if texts is None or "task_index" not in columns:
            raise DemonstrationError(
                f"meta/tasks.parquet must have task_index and the task. Got: {sorted(columns)}."
            )
        rows = [*zip(columns["task_index"], texts, strict=True)]
    elif lines.is_file():
        rows = [(line.get("task_index"), line.get("task")) for line in read_lines(lines)]
    found: dict[int, str] = {}
    for number, text in rows:
        if type(number) is not int or number in found:
            raise DemonstrationError(f"tasks must have a number each. Got: {number} for {text!r}.")
        found[number] = str(text)
    return found


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Open a parquet file; what is wrong with it is said in one line.

    Raises:
        DemonstrationError: It is missing, was not fetched, or writing it was interrupted.
    """
    check_file(path)
    try:
        with parquet().ParquetFile(path) as file:
            yield file
    except (OSError, ValueError) as error:
        text = error_text(error)
        why = (
            "it has no end, as when writing it was interrupted before finalize()"
            if "magic bytes" in text or "footer" in text or "too small" in text
            else text.rstrip(".")
        )
        raise DemonstrationError(f"{path} must be a complete parquet file: {why}.") from error


def check_file(path: Path) -> None:
    """Check that a file is there, and not only a pointer to it.

    Raises:
        DemonstrationError: It is not.
    """
    if not path.is_file():
        raise DemonstrationError(
            f"there must be the file {path}. Got: none. Fetch the whole dataset; --skip-bad leaves "
            "out episodes whose files are missing."
        )
    with path.open("rb") as file:
        if file.read(len(_LFS)) == _LFS:
            raise DemonstrationError(
                f"{path} must be data. Got: a pointer of Git LFS to it. Run `git lfs pull` in the "
                "dataset."
            )


def state_of(path: Path) -> tuple[int, int, int]:
    """Return a file's identity: inode, size and time, of which one changes when it is written."""
    facts = path.stat()
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON objects, one a line.

    Raises:
        DemonstrationError: A line is none.
    """
    check_file(path)
    if path.stat().st_size > 16 * JSON_BYTES:
        raise DemonstrationError(f"{path} must be shorter than {16 * JSON_BYTES} bytes.")
    found = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        if line.strip():
            value = parse_json(line, f"line {number} of {path.name} must be JSON")
            if not isinstance(value, dict):
                raise DemonstrationError(f"line {number} of {path.name} must be an object.")
            found.append(value)
    return found


def _v3(info: DatasetInfo) -> Iterator[EpisodePlace]:
    files = sorted((info.folder / "meta/episodes").glob("*/*.parquet"))
    if not files:
        raise DemonstrationError(
            "there must be files meta/episodes/chunk-000/file-000.parquet, ... Got none: writing "
            "the dataset was interrupted before its first episode was finished."
        )
    videos = [name for name, feature in info.features.items() if feature.dtype == "video"]
    for path in files:
        with open_parquet(path) as file:
            names = [n for n in file.schema_arrow.names if not n.startswith("stats/")]
            rows = file.read(columns=names).select(names).to_pylist()
        for row in rows:
            yield _v3_place(info, row, videos)


def _v3_place(info: DatasetInfo, row: Mapping[str, Any], videos: list[str]) -> EpisodePlace:
    number = whole(row, "episode_index")

    def place(template: str, prefix: str, **more: str) -> Path:
        chunk, file = (whole(row, f"{prefix}/{name}_index") for name in ("chunk", "file"))
        return info.place(template, chunk_index=chunk, file_index=file, **more)

    parts = {}
    for key in videos:
        prefix = f"videos/{key}"
        begin, end = (row.get(f"{prefix}/{n}_timestamp") for n in ("from", "to"))
        if not isinstance(begin, (int, float)) or not begin >= 0:
            raise DemonstrationError(
                f"episode_{number} must have a time at which it begins in the video of {key}, "
                f"{prefix}/from_timestamp. Got: {begin}."
            )
        parts[key] = VideoPart(
            place(info.video_path, prefix, video_key=key), float(begin), _number(end)
        )
    begin = row.get("dataset_from_index")
    return EpisodePlace(
        number,
        whole(row, "length"),
        place(info.data_path, "data"),
        begin if type(begin) is int else None,
        _tasks(row),
        parts,
    )


def _v2(info: DatasetInfo) -> Iterator[EpisodePlace]:
    for row in read_lines(info.folder / "meta/episodes.jsonl"):
        number = whole(row, "episode_index")
        fields = {"episode_chunk": number // info.chunks_size, "episode_index": number}
        videos = {
            name: VideoPart(info.place(info.video_path, video_key=name, **fields))
            for name, feature in info.features.items()
            if feature.dtype == "video"
        }
        file = info.place(info.data_path, **fields)
        yield EpisodePlace(number, whole(row, "length"), file, None, _tasks(row), videos)


def whole(row: Mapping[str, Any], name: str) -> int:
    """Return a number that counts something.

    Raises:
        DemonstrationError: It is none.
    """
    value = row.get(name)
    if type(value) is not int or not 0 <= value < 2**40:
        raise DemonstrationError(f"{name} of an episode must be a number. Got: {str(value)[:40]}.")
    return value


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _tasks(row: Mapping[str, Any]) -> tuple[str, ...]:
    tasks = row.get("tasks")
    return tuple(map(str, tasks)) if isinstance(tasks, list) else ()


def _check_apart(places: list[EpisodePlace], info: DatasetInfo) -> None:
    """Check that no two episodes claim the same frames of a video, or the same rows."""
    taken: dict[tuple[str, Path], list[tuple[float, float, str]]] = {}
    for place in places:
        for key, part in place.videos.items():
            end = part.begin + place.length / info.fps
            taken.setdefault((f"video of {key}", part.file), []).append(
                (part.begin, end, place.name)
            )
        if place.begin is not None:
            rows = (float(place.begin), float(place.begin + place.length), place.name)
            taken.setdefault(("rows of the dataset", info.folder), []).append(rows)
    for (what, file), spans in taken.items():
        half = 0.5 / info.fps if what.startswith("video") else 0.5
        for (_, end, first), (begin, _, second) in pairwise(sorted(spans)):
            if begin < end - half:
                raise DemonstrationError(
                    f"each episode must have a part of its own of the {what}, {file}. Got: "
                    f"{second} begins at {begin:g}, before {first} ends at {end:g}. Its "
                    "metadata is wrong; its frames would be another episode's."
                )
