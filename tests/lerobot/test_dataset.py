"""LeRobot's own loader reads what is written here, and what it writes is read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision

pytest.importorskip("pyarrow", reason="LeRobot brings it")
from lerobot.datasets import video_utils
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from policies.demonstrations import Demonstrations
from tests.helpers.lerobot_data import small_demonstrations, write_small

CAMERA = "observation.images.top"


READS_VIDEOS = hasattr(video_utils, "decode_video_frames_pyav") or hasattr(
    torchvision.io, "VideoReader"
)


def opened(folder: Path) -> LeRobotDataset:
    # torchcodec looks for libraries of FFmpeg on the machine; PyAV has its own.
    return LeRobotDataset("tests/small", root=folder, video_backend="pyav")


@pytest.mark.parametrize("pictures", ["png", "h264"])
def test_lerobot_s_loader_reads_what_is_written_here(tmp_path, pictures):
    if pictures != "png" and not READS_VIDEOS:
        pytest.skip("LeRobot 0.4 reads videos by a part of torchvision that newer ones lack")
    folder = tmp_path / "small"
    write_small(folder, pictures=pictures)
    due = small_demonstrations().trajectories
    there = opened(folder)
    assert (there.num_episodes, there.num_frames) == (len(due), sum(map(len, due)))
    index = 0
    for number, episode in enumerate(due):
        for step in range(len(episode)):
            row = there[index]
            assert int(row["episode_index"]) == number
            np.testing.assert_array_equal(row["action"].numpy(), episode.actions[step])
            frame = np.asarray(episode.frames["top"][step]) / 255.0
            got = row[CAMERA].numpy().transpose(1, 2, 0)
            close = 1e-6 if pictures == "png" else 0.1
            assert np.abs(got - frame).mean() < close
            index += 1
    assert there.meta.stats["action"]["mean"].shape == due[0].actions.shape[1:]


def test_what_lerobot_writes_is_read_here(tmp_path):
    folder = tmp_path / "theirs"
    features: dict[str, Any] = {
        "observation.state": {"dtype": "float32", "shape": (3,), "names": ["x", "y", "z"]},
        "observation.environment_state": {"dtype": "float32", "shape": (2,), "names": ["a", "b"]},
        "action": {"dtype": "float32", "shape": (2,), "names": ["u", "v"]},
        "next.success": {"dtype": "bool", "shape": (1,), "names": None},
    }
    made = LeRobotDataset.create("tests/theirs", fps=10, root=folder, features=features)
    rng = np.random.default_rng(0)
    episodes = []
    for length in (3, 5):
        rows = [rng.normal(size=7).astype(np.float32) for _ in range(length)]
        for step, row in enumerate(rows):
            done = np.array([step == length - 1 and length == 5])
            parts = {"observation.state": row[:3], "observation.environment_state": row[3:5]}
            made.add_frame({**parts, "action": row[5:], "next.success": done, "task": "push"})
        made.save_episode()
        episodes.append(np.stack(rows))
    if hasattr(made, "finalize"):
        made.finalize()
    read = Demonstrations.load(folder)
    assert [episode.success for episode in read.trajectories] == [False, True]
    for episode, wrote in zip(read.trajectories, episodes, strict=True):
        np.testing.assert_array_equal(episode.actions, wrote[:, 5:])
        np.testing.assert_array_equal(episode.observations["observation.state"], wrote[:, :3])


def test_a_batch_of_lerobot_s_loader_has_chunks_of_the_episode_it_is_in(tmp_path):
    folder = tmp_path / "small"
    write_small(folder)
    fps = opened(folder).fps
    there = LeRobotDataset(
        "tests/small", root=folder, delta_timestamps={"action": [0.0, 1 / fps, 2 / fps]}
    )
    last = len(small_demonstrations().trajectories[0]) - 1
    row = there[last]
    assert row["action"].shape[0] == 3
    assert row["action_is_pad"].tolist() == [False, True, True]
    assert torch.equal(row["action"][1], row["action"][0])
