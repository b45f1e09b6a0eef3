"""Pictures in a recording are those that were observed, and cost what was told."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.pictures.settings import PictureSettings
from real.env import RealRobotEnv
from real.operators import ScriptedOperator
from real.recording import pictures as module
from real.recording.journal import Record
from real.recording.pictures import PicturesError, cost, deflate, write_pictures
from real.recording.reader import read_recorded
from real.recording.writer import EpisodeRecorder, RecordingError
from tests.helpers.robots.filming import FakeDevice

TASK = "place-orange-pixels"


def played(path, told=None, steps=3, **settings):
    """Record an episode of an ideal robot with cameras of noise; what was observed."""
    say = (lambda text: None) if told is None else told.append
    recorder = EpisodeRecorder(path, say=say)
    devices = {"front": FakeDevice(0.001), "wrist": FakeDevice(0.001)}
    settings = {"devices": devices, "operator": ScriptedOperator(), **settings}
    env = RealRobotEnv(TASK, driver="ideal", recorder=recorder, image_size=24, **settings)
    seen = [env.reset(seed=0)[0]]
    for _ in range(steps):
        for rig in env._loop.rigs:  # simulated time passes sooner than a picture comes
            rig.connect()
        seen.append(env.step(env.action_space.sample())[0])
    env.close()
    return seen, env.picture_settings


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("seen") / "seen.hdf5"
    told: list[str] = []
    return path, *played(path, told), told


def test_a_recording_is_demonstrations_with_the_frames_before_each_action(recorded):
    path, seen, settings, _ = recorded
    demonstrations = Demonstrations.load(path, cameras=("front", "wrist"))
    assert demonstrations.picture_settings == settings
    (trajectory,) = demonstrations.trajectories
    assert [*trajectory.frames] == ["front", "wrist"]
    for camera, frames in trajectory.frames.items():
        np.testing.assert_array_equal(frames[0:3], [part[camera] for part in seen[:3]])
    np.testing.assert_array_equal(
        np.concatenate([*trajectory.observations.values()], 1), [s["state"] for s in seen[:3]]
    )


def test_a_replay_shows_them(recorded):
    path, seen, *_ = recorded
    episode, *_ = read_recorded(path)
    np.testing.assert_array_equal(episode.frames["front"], [part["front"] for part in seen[:3]])


def test_what_they_cost_is_told_before(recorded):
    *_, told = recorded
    assert "2 pictures per step of 24 x 24 pixels, 0.1 MB/s" in told[0]
    assert "an episode takes up to 2 MB of disk, and of memory" in told[0]
    assert "GB are free" in told[0]


def test_no_room_for_two_episodes_is_an_error_before_anything_moves(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(RecordingError, match=r"room for two episodes, 0\.0 GB\. Got: 0\.0 GB"):
        played(tmp_path / "seen.hdf5")
    seen = PictureSettings(cameras=("front",), image_size=(480, 640))
    with pytest.raises(PicturesError, match=r"two episodes, 0\.8 GB"):
        cost(seen, {}, 30, 450, tmp_path)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"image_size": 32}, "frames of 24 x 24 and of 32 x 32 pixels"),
        ({"cameras": ("front",)}, "cameras front, wrist and front"),
        ({"observation": "state", "image_size": None}, "front, wrist and no pictures"),
    ],
)
def test_other_pictures_go_into_another_file(tmp_path, settings, told):
    path = tmp_path / "seen.hdf5"
    played(path, steps=1)
    recorder = EpisodeRecorder(path, say=lambda text: None)
    devices = {"front": FakeDevice(0.001), "wrist": FakeDevice(0.001)}
    settings = {"image_size": 24, "devices": devices, **settings}
    with pytest.raises(RecordingError) as caught:  # noqa: PT012
        env = RealRobotEnv(
            TASK, driver="ideal", operator=ScriptedOperator(), recorder=recorder, **settings
        )
        env.reset(seed=0)
    recorder.close()
    assert told in str(caught.value)
    assert "Record to another file" in str(caught.value)


def test_a_journal_that_was_left_is_recovered_with_its_pictures(tmp_path, monkeypatch):
    path = tmp_path / "seen.hdf5"
    with monkeypatch.context() as broken:
        broken.setattr(EpisodeRecorder, "_convert", lambda self, journal: [])
        seen, _ = played(path)
    told: list[str] = []
    EpisodeRecorder(path, say=told.append).close()
    assert "recovered an episode of 3 steps (abort)" in told[0]
    episode, *_ = read_recorded(path)
    np.testing.assert_array_equal(episode.frames["wrist"], [part["wrist"] for part in seen[:3]])


def test_behind_a_gap_a_picture_belongs_to_the_observation_that_is_left():
    noise = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), dtype=np.uint8)
    records = []
    for picture in noise:
        arrays, remarks = {"obs/front_image": picture}, {"kind": "step"}
        deflate(arrays, remarks)
        records.append(Record(remarks, arrays))
    arrays, shapes = module.kept(records[1])
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        write_pictures(file.create_group("demo_0"), Record(shapes, arrays), records[2:])
        np.testing.assert_array_equal(file["demo_0/obs/front_image"][:], noise[1:3])


@pytest.mark.parametrize("level", [0, 1])
def test_packed_or_deflated_it_is_the_same_picture(level):
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    arrays: dict[str, np.ndarray] = {"frames/front": noise, "action": np.ones(2)}
    remarks: dict[str, Any] = {"kind": "step"}
    deflate(arrays, remarks, level)
    assert {*arrays} == {"action", "deflated/frames/front"}
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        begin = Record({"kind": "begin"}, {})
        write_pictures(file.create_group("demo_0"), begin, [Record(remarks, arrays)])
        np.testing.assert_array_equal(file["demo_0/frames/front"][0], noise)


def test_what_a_user_does_to_an_observation_is_not_recorded(tmp_path):
    recorder = EpisodeRecorder(tmp_path / "seen.hdf5", say=lambda text: None)
    devices = {"front": FakeDevice(0.001)}
    env = RealRobotEnv(
        TASK,
        driver="ideal",
        cameras="front",
        devices=devices,
        operator=ScriptedOperator(),
        recorder=recorder,
    )
    observations = [env.reset(seed=0)[0]]
    for _ in range(20):
        observations[-1]["front"][:] = 0
        observations.append(env.step(env.action_space.sample())[0])
    env.close()
    episode, *_ = read_recorded(recorder.path)
    assert episode.frames["front"].max(axis=(1, 2, 3)).min() > 0
