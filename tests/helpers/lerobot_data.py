"""LeRobotDatasets for tests: small ones, and what goes wrong with them."""

# mypy: disable-error-code="func-returns-value, arg-type"

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations import Demonstrations, Trajectory
from policies.demonstrations.lerobot.info import read_info
from policies.demonstrations.lerobot.layout import LerobotSettings
from policies.demonstrations.lerobot.writer import write_lerobot

ROWS = "data/chunk-000/file-000.parquet"
LIST = "meta/episodes/chunk-000/file-000.parquet"
SIDE = "videos/observation.images.side_image"
VIDEO = f"{SIDE}/chunk-000/file-000.mp4"
MADE_BY_LEROBOT = Path(__file__).parents[1] / "policies/demonstrations/lerobot/made_by_lerobot"
"""A dataset that LeRobot 0.4.4 has written: 3 episodes of 3, 4 and 5 steps; see `seen_by_lerobot`.
"""


def seen_by_lerobot(episode: int, step: int) -> dict[str, np.ndarray]:
    """What was added to that dataset at a step, by camera; its state is (episode, step)."""
    front = np.zeros((16, 24, 3), np.uint8)
    front[:, :12] = (10 * episode, 20 * step, 200)
    front[:8, :, 1] += 30
    side = np.full((64, 64, 3), 40, np.uint8)
    side[:32] = 60 * episode
    side[:, 32:] = 20 + 30 * step
    return {"front": front, "side_image": side}


def copy_of_lerobots(folder: Path) -> Path:
    """Copy that dataset, to do harm to it."""
    return Path(shutil.copytree(MADE_BY_LEROBOT, folder))


def blocks(steps: int, seed: int, size: int = 64) -> np.ndarray:
    """Frames of coloured blocks, which codecs keep nearly as they are."""
    colours = np.random.default_rng(seed).integers(0, 256, (steps, 4, 4, 3))
    return np.kron(colours, np.ones((1, size // 4, size // 4, 1))).astype(np.uint8)


def small_demonstrations(cameras: tuple[str, ...] = ("top", "wrist")) -> Demonstrations:
    """Three episodes of 4, 5 and 6 steps of a robosuite-like arm, the second failed."""
    rng = np.random.default_rng(0)
    episodes = [
        Trajectory(
            {
                "robot0_eef_pos": rng.normal(size=(n, 3)).astype(np.float32),
                "object": rng.normal(size=(n, 2)).astype(np.float32),
            },
            rng.normal(size=(n, 2)).astype(np.float32),
            (np.arange(n) == n - 1).astype(np.float32),
            np.arange(n) == n - 1,
            n != 5,
            {name: blocks(n, 10 * n + i) for i, name in enumerate(cameras)},
        )
        for n in (4, 5, 6)
    ]
    env_args = {"env_name": "Lift", "type": 1, "env_kwargs": {"control_freq": 20}}
    return Demonstrations(tuple(episodes), env_args, ("robot0_eef_pos", "object"))


def write_small(folder: Path, **settings: Any) -> Path:
    """Write them as a LeRobotDataset."""
    write_lerobot(small_demonstrations(), folder, LerobotSettings(**settings))
    return folder


def change_json(path: Path, **changes: Any) -> None:
    """Replace entries of a JSON file."""
    stated = json.loads(path.read_text())
    path.write_text(json.dumps({**stated, **changes}))


def change_table(path: Path, change: Callable[[dict[str, list[Any]]], None]) -> None:
    """Write a parquet file anew with some of its values changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns = table.to_pydict()
    change(columns)
    schema = pa.schema([table.schema.field(name) for name in columns])
    pq.write_table(pa.table(columns, schema), path)


def each_camera(folder):
    """Load all episodes once for each camera: one training takes pictures of one size."""
    loaded = {}
    for camera in read_info(folder).cameras:
        loaded[camera] = Demonstrations.load(folder, cameras=(camera,))
    return loaded


def reread(folder):
    """Read everything that training from pictures would, with the frames of all cameras."""
    loaded = each_camera(folder)
    first = next(iter(loaded.values()))
    for number, episode in enumerate(first.trajectories):
        frames = {name: one.trajectories[number].frames[name] for name, one in loaded.items()}
        for shown in frames.values():
            shown[:]
        object.__setattr__(episode, "frames", frames)
    return first


def entry(name, number, value):
    return lambda columns: columns[name].__setitem__(number, value)


def table(path, name, number, value):
    return lambda folder: change_table(folder / path, entry(name, number, value))


def info(**changes):
    return lambda folder: change_json(folder / "meta/info.json", **changes)


def feature(name, **changes):
    def change(folder):
        path = folder / "meta/info.json"
        stated = json.loads(path.read_text())
        stated["features"][name] |= changes
        path.write_text(json.dumps(stated))

    return change


def drop_last_of_list(folder):
    change_table(folder / LIST, lambda columns: [values.pop() for values in columns.values()])


def drop_tasks_row(folder):
    change_table(folder / "meta/tasks.parquet", lambda columns: [v.pop() for v in columns.values()])


def swap_rows(folder):
    def swap(columns):
        for values in columns.values():
            values[3], values[4] = values[4], values[3]

    change_table(folder / ROWS, swap)


def cut(path, size):
    def change(folder):
        content = (folder / path).read_bytes()
        (folder / path).write_bytes(content[:size])

    return change


def replace(path, content):
    return lambda folder: (folder / path).write_bytes(content)


def remove(path):
    return lambda folder: (folder / path).unlink()


def second_file_is_empty_of_it(folder):
    shutil.copy(folder / ROWS, folder / "data/chunk-000/file-001.parquet")

    def keep_others(columns):
        rows = [i for i, number in enumerate(columns["episode_index"]) if number != 2]
        for name, values in columns.items():
            columns[name] = [values[i] for i in rows]

    change_table(folder / "data/chunk-000/file-001.parquet", keep_others)
    change_table(folder / LIST, entry("data/file_index", 2, 1))
