"""Write demonstrations as a LeRobotDataset, v3 or v2.1, that appears when it is complete."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from policies.checkpoints.whole import whole_folder
from policies.demonstrations.lerobot.extra import arrow, parquet
from policies.demonstrations.lerobot.info import BOOKKEEPING, INFO
from policies.demonstrations.lerobot.layout import (
    Episodes,
    Layout,
    LerobotSettings,
    layout_notes,
    layout_of,
)
from policies.demonstrations.lerobot.own_remarks import REMARKS, OwnRemarks
from policies.demonstrations.lerobot.stats import (
    Stats,
    as_json,
    picture_stats,
    sampled_frames,
    together,
    vector_stats,
)
from policies.demonstrations.lerobot.tables import (
    DATA,
    VIDEO,
    RowWriter,
    episode_table,
    tasks_table,
)
from policies.demonstrations.lerobot.video_writer import CODECS, PIXELS, VideoWriter, probe_codec
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError

CHUNK = 1000
"""Files in a folder."""
BLOCK = 64
"""Frames that are in memory at once."""
MOST_VIDEO = 200 * 2**20
"""Bytes from which the next episode begins a video of its own, in v3."""


def write_lerobot(
    demonstrations: Episodes,
    folder: str | os.PathLike[str],
    settings: LerobotSettings = LerobotSettings(),  # noqa: B008 - frozen
    *,
    overwrite: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> None:
    """Write episodes as a new dataset.

    Args:
        demonstrations: What to write.
        folder: Where to; it appears when all is written, and until then is as it was.
        settings: Version, rate, task and pictures.
        overwrite: Whether a dataset that is there is replaced.
        say: Is told what LeRobot would miss.

    Raises:
        DemonstrationError: They cannot be laid out, or the codec cannot be loaded.
        OverwriteError: The folder exists.
        MissingExtraError: pyarrow, or PyAV for videos, is not installed.
    """
    arrow()
    layout = layout_of(demonstrations, settings)
    for note in layout_notes(layout):
        say(f"  note: {note}")
    if layout.video:
        for size in {shape[:2] for shape in layout.sizes.values()}:
            probe_codec(settings.pictures, (size[0], size[1]), layout.fps)
    try:
        Path(folder).parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(Path(folder), overwrite, by="DESTINATION") as partial:
            _write(demonstrations, partial, settings, layout)
    except OSError as error:
        raise DemonstrationError(f"cannot write demonstrations to {folder}: {error}.") from error


def _write(
    demonstrations: Episodes, folder: Path, settings: LerobotSettings, layout: Layout
) -> None:
    v3 = settings.version == "v3.0"
    features = layout.features() | {
        name: {"dtype": dtype, "shape": [1], "names": None}
        for name, dtype in zip(BOOKKEEPING, ("float32", *["int64"] * 4), strict=True)
    }
    rows = RowWriter(folder, features, v3, CHUNK)
    videos = {
        camera: _Videos(folder, feature, settings, layout, camera)
        for camera, feature in layout.cameras.items()
        if layout.video
    }
    described, stats, index = [], [], 0
    try:
        for number, episode in enumerate(demonstrations.trajectories):
            columns = layout.vectors(episode) | _counters(episode, number, index, layout.fps)
            own = {name: vector_stats(values) for name, values in columns.items()}
            place: dict[str, Any] = {}
            shown: dict[str, list[bytes]] = {}
            for camera, feature in layout.cameras.items():
                frames = episode.frames[camera]
                own[feature] = picture_stats(sampled_frames(frames))
                if layout.video:
                    place |= videos[camera].add(number, episode)
                else:
                    shown[feature] = _pngs(frames)
            place |= rows.add(number, columns, shown)
            stats.append({name: own[name] for name in features})
            described.append(
                {
                    "episode_index": number,
                    "tasks": [layout.task],
                    "length": len(episode),
                    "dataset_from_index": index,
                    "dataset_to_index": index + len(episode),
                    **place,
                }
            )
            index += len(episode)
    finally:
        rows.close()
        for made in videos.values():
            made.close()
    if layout.video:
        for feature in layout.cameras.values():
            features[feature]["info"] = _video_info(features[feature]["shape"], settings, layout)
    _describe(folder, demonstrations, settings, layout, features, described, stats)


def _describe(
    folder: Path,
    demonstrations: Episodes,
    settings: LerobotSettings,
    layout: Layout,
    features: Mapping[str, Any],
    described: list[dict[str, Any]],
    stats: list[dict[str, Stats]],
) -> None:
    """Write the meta folder."""
    v3, episodes = settings.version == "v3.0", len(described)
    robots = (demonstrations.env_args.get("env_kwargs") or {}).get("robots")
    fps = int(layout.fps) if layout.fps.is_integer() else layout.fps
    info: dict[str, Any] = {
        "codebase_version": settings.version,
        "robot_type": robots if isinstance(robots, str) else None,
        "total_episodes": episodes,
        "total_frames": sum(row["length"] for row in described),
        "total_tasks": 1,
        "chunks_size": CHUNK,
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": DATA[v3],
        "video_path": VIDEO[v3] if layout.video else None,
        "features": features,
    }
    if v3:
        info |= {"data_files_size_in_mb": 100, "video_files_size_in_mb": 200}
    else:
        info |= {
            "total_videos": episodes * len(layout.cameras) * layout.video,
            "total_chunks": -(-episodes // CHUNK),
        }
    (folder / "meta").mkdir(exist_ok=True)
    write_json = _json_writer(folder)
    write_json(INFO, info)
    whole = {name: together([own[name] for own in stats]) for name in features}
    if v3:
        write_json("meta/stats.json", as_json(whole))
        parquet().write_table(tasks_table([layout.task]), folder / "meta/tasks.parquet")
        place = folder / "meta/episodes/chunk-000"
        place.mkdir(parents=True)
        parquet().write_table(episode_table(described, stats), place / "file-000.parquet")
    else:
        few = [{k: row[k] for k in ("episode_index", "tasks", "length")} for row in described]
        kept = [{"episode_index": i, "stats": as_json(own)} for i, own in enumerate(stats)]
        tasks = [{"task_index": 0, "task": layout.task}]
        for name, lines in (("episodes", few), ("episodes_stats", kept), ("tasks", tasks)):
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / f"meta/{name}.jsonl").write_text(text, encoding="utf-8")
    remarks = OwnRemarks(
        demonstrations.observation_keys,
        layout.parts,
        demonstrations.env_args,
        demonstrations.picture_settings,
    )
    write_json(REMARKS, remarks.to_dict())


def _json_writer(folder: Path) -> Callable[[str, Any], None]:
    def write(name: str, value: Any) -> None:
        text = json.dumps(value, indent=4, ensure_ascii=False)
        (folder / name).write_text(text, encoding="utf-8")

    return write


def _counters(episode: Trajectory, number: int, index: int, fps: float) -> dict[str, np.ndarray]:
    steps = np.arange(len(episode))
    return {
        "timestamp": (steps / fps).astype(np.float32),
        "frame_index": steps,
        "episode_index": np.full(len(steps), number),
        "index": index + steps,
        "task_index": np.zeros(len(steps), np.int64),
    }


def _pngs(frames: Any) -> list[bytes]:
    from PIL import Image

    found = []
    for step in range(len(frames)):
        memory = BytesIO()
        Image.fromarray(np.asarray(frames[step])).save(memory, "PNG", compress_level=3)
        found.append(memory.getvalue())
    return found


def _video_info(shape: list[int], settings: LerobotSettings, layout: Layout) -> dict[str, Any]:
    return {
        "video.height": shape[0],
        "video.width": shape[1],
        "video.codec": settings.pictures,
        "video.pix_fmt": PIXELS,
        "video.is_depth_map": False,
        "video.fps": int(layout.fps) if layout.fps.is_integer() else layout.fps,
        "video.channels": shape[2],
        "has_audio": False,
    }


class _Videos:
    """Videos of one camera: one an episode, or, in v3, one for as many as fit."""

    def __init__(
        self, folder: Path, feature: str, settings: LerobotSettings, layout: Layout, camera: str
    ) -> None:
        if settings.pictures not in CODECS:
            raise DemonstrationError(f"pictures must be png or one of {', '.join(CODECS)}.")
        self._folder, self._feature, self._camera = folder, feature, camera
        self._v3, self._codec = settings.version == "v3.0", settings.pictures
        self._fps, self._size = layout.fps, layout.sizes[camera]
        self._number, self._path = -1, folder
        self._writer: VideoWriter | None = None

    def add(self, number: int, episode: Trajectory) -> dict[str, Any]:
        """Add an episode's frames, and say where they are."""
        if self._writer is None or not self._v3 or self._path.stat().st_size > MOST_VIDEO:
            self.close()
            self._open()
        writer, frames = self._writer, episode.frames[self._camera]
        assert writer is not None
        begin = writer.frames
        for at in range(0, len(frames), BLOCK):
            writer.add(frames[at : at + BLOCK])
        prefix = f"videos/{self._feature}"
        return {
            f"{prefix}/chunk_index": self._number // CHUNK,
            f"{prefix}/file_index": self._number % CHUNK,
            f"{prefix}/from_timestamp": begin / self._fps,
            f"{prefix}/to_timestamp": writer.frames / self._fps,
        }

    def close(self) -> None:
        """Finish the video that is being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> None:
        self._number += 1
        fields = (
            {"chunk_index": self._number // CHUNK, "file_index": self._number % CHUNK}
            if self._v3
            else {"episode_chunk": self._number // CHUNK, "episode_index": self._number}
        )
        self._path = self._folder / VIDEO[self._v3].format(video_key=self._feature, **fields)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        size = (self._size[0], self._size[1])
        self._writer = VideoWriter(self._path, self._codec, size, self._fps)
