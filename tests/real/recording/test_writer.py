from __future__ import annotations

import shutil
import time

import h5py
import numpy as np
import pytest

from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations, content_hash
from policies.inspect import summarise
from real.drivers.ideal import IdealRobot
from real.env import RealRobotEnv
from real.recording.journal import MAGIC, Journal, read
from real.recording.writer import EpisodeRecorder, RecordingError
from real.tasks.files import load_preset


@pytest.fixture
def out(tmp_path):
    return tmp_path / "episodes.hdf5"


def play(recorder, *lengths, task="place-orange", **settings):
    env = RealRobotEnv(task, driver="ideal", recorder=recorder, **settings)
    env.action_space.seed(0)
    for seed, steps in enumerate(lengths):
        env.reset(seed=seed)
        for _ in range(steps):
            env.step(env.action_space.sample())
    return env


def test_episodes_are_demonstrations(out):
    recorder = EpisodeRecorder(out, provenance={"policy_sha256": "abc"})
    play(recorder, 4, 6).close()
    demonstrations = Demonstrations.load(out)
    assert [len(t) for t in demonstrations.trajectories] == [4, 6]
    assert demonstrations.env_args["env_name"] == "place-orange"
    assert summarise(str(out)).lengths.tolist() == [4, 6]
    with h5py.File(out) as file:
        assert '"policy_sha256": "abc"' in file["data/demo_1"].attrs["provenance"]


def test_the_same_episodes_have_the_same_hash_and_others_another(out, tmp_path):
    again, other = tmp_path / "again.hdf5", tmp_path / "other.hdf5"
    play(EpisodeRecorder(out), 3).close()
    play(EpisodeRecorder(again), 3).close()
    play(EpisodeRecorder(other), 4).close()
    assert content_hash(out) == content_hash(out) == content_hash(again)
    assert content_hash(other) != content_hash(out)
    with h5py.File(again.with_suffix(".episodes") / "000000.hdf5", "r+") as file:
        info = file["data/demo_0/info"]
        info[1] = info[1].replace(b'"stop": ""', b'"stop": "x"')
    assert content_hash(again) != content_hash(out)


def test_the_folder_may_be_moved_and_made_one_file(out, tmp_path):
    play(EpisodeRecorder(out), 3).close()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(out, moved)
    shutil.move(out.with_suffix(".episodes"), moved)
    one = tmp_path / "one.hdf5"
    convert(Conversion(str(moved / out.name), str(one)))
    shutil.rmtree(moved)
    assert len(Demonstrations.load(one).trajectories[0]) == 3


def test_the_next_recorder_goes_on(out):
    play(EpisodeRecorder(out), 3).close()
    play(EpisodeRecorder(out), 5).close()
    assert [len(t) for t in Demonstrations.load(out).trajectories] == [3, 5]


def test_successes_and_failures_are_listed(out):
    recorder = EpisodeRecorder(out)
    preset = load_preset("place-orange").model_copy(update={"episode_steps": 2})
    play(recorder, 2, task=preset).close()
    with h5py.File(out) as file:
        assert file["mask/failure"][()].tolist() == [b"demo_0"]
        assert file["data/demo_0"].attrs["outcome"] == "time limit"
        assert not file["data/demo_0"].attrs["success"]


def test_two_arms_and_pictures_are_written(out):
    play(EpisodeRecorder(out), 2, task="open-box", images=True).close()
    with h5py.File(out) as file:
        episode = file["data/demo_0"]
        ticks = 2 * load_preset("open-box").ticks
        assert episode["ticks/commanded/quaternion"].shape == (ticks, 2, 4)
        assert episode["ticks/step"][()].tolist() == [0] * (ticks // 2) + [1] * (ticks // 2)
        assert {f.shape[0] for f in episode["frames"].values()} == {2}


def test_what_could_not_be_sent_is_nan(out):
    recorder = EpisodeRecorder(out)
    robot = IdealRobot(load_preset("place-orange"))
    env = RealRobotEnv("place-orange", driver=robot, recorder=recorder)
    env.reset(seed=0)
    robot.fault = "rejecting"
    env.step(env.action_space.sample())
    env.close()
    (entry,) = recorder.entries
    assert (entry.steps, entry.outcome) == (1, "stop")
    with h5py.File(out) as file:
        assert np.isnan(file["data/demo_0/ticks/commanded/position"][()]).all()


def left_journal(out, tmp_path):
    """The journal of an episode that is under way, as a kill would leave it."""
    recorder = EpisodeRecorder(tmp_path / "other.hdf5")
    env = play(recorder, 4)
    source = recorder.folder / "000000.journal"
    deadline = time.monotonic() + 60.0
    while not source.exists() or len([*read(source)]) < 5:  # the beginning and four steps
        assert time.monotonic() < deadline
        time.sleep(0.01)
    content = source.read_bytes()
    env.close()
    folder = out.with_suffix(".episodes")
    folder.mkdir(exist_ok=True)
    left = folder / "000000.journal"
    left.write_bytes(content)
    return left


def test_a_journal_that_was_left_becomes_an_episode(out, tmp_path):
    left = left_journal(out, tmp_path)
    left.write_bytes(left.read_bytes()[:-7])  # torn
    said: list[str] = []
    recorder = EpisodeRecorder(out, say=said.append)
    recorder.close()
    assert [(entry.steps, entry.outcome) for entry in recorder.entries] == [(3, "cut off")]
    assert len(said) == 1
    assert "recovered an episode of 3 steps" in said[0]
    assert not left.exists()
    assert Demonstrations.load(out).trajectories[0].success is None


def test_a_damaged_journal_is_put_aside(out):
    folder = out.with_suffix(".episodes")
    folder.mkdir()
    journal = Journal(folder / "000000.journal")
    journal.add({"kind": "begin", "preset": {}, "info": {}}, {"observation": np.zeros(3)})
    journal.add({"kind": "step"}, {})
    journal.close()
    said: list[str] = []
    EpisodeRecorder(out, say=said.append).close()
    assert "cannot be recovered" in said[0]
    assert (folder / "000000.damaged").exists()


@pytest.fixture(scope="module")
def journal_of_six(tmp_path_factory):
    """The journal of an episode of six steps that a kill left, as bytes."""
    folder = tmp_path_factory.mktemp("journal")
    recorder = EpisodeRecorder(folder / "other.hdf5")
    env = play(recorder, 6)
    source = recorder.folder / "000000.journal"
    deadline = time.monotonic() + 60.0
    while not source.exists() or len([*read(source)]) < 7:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    content = source.read_bytes()
    env.close()
    return content


@pytest.mark.parametrize(
    ("record", "lengths"),
    [(0, []), (1, [4]), (3, [2, 2]), (5, [4]), (6, [5])],
)
@pytest.mark.parametrize("part", ["length", "checksum", "data"])
def test_damage_costs_what_cannot_be_known_and_no_more(out, journal_of_six, record, lengths, part):
    """The step that is damaged, and the one behind it, whose observation stood there."""
    content, place = bytearray(journal_of_six), len(MAGIC)
    for _ in range(record):
        place += 8 + int.from_bytes(content[place : place + 4], "little")
    content[place + {"length": 0, "checksum": 5, "data": 200}[part]] ^= 4
    folder = out.with_suffix(".episodes")
    folder.mkdir()
    (folder / "000000.journal").write_bytes(content)
    said: list[str] = []
    recorder = EpisodeRecorder(out, say=said.append)
    recorder.close()
    assert [entry.steps for entry in recorder.entries] == lengths
    if (record, part) == (6, "length"):  # a last record that goes past the end was being written
        return
    assert (folder / "000000.damaged").read_bytes() == bytes(content)
    assert "is damaged in 1 place: " in said[0]
    assert f"{sum(lengths)} of them recovered in {len(lengths)} episode" in said[0]
    assert ("its beginning" in said[0]) is (record == 0)
    if lengths:
        assert [len(t) for t in Demonstrations.load(out).trajectories] == lengths


def test_a_foreign_journal_is_kept_and_named(out):
    folder = out.with_suffix(".episodes")
    folder.mkdir()
    (folder / "000000.journal").write_bytes(b"something else" * 9)
    said: list[str] = []
    EpisodeRecorder(out, say=said.append).close()
    assert "0 steps are intact" in said[0]
    assert (folder / "000000.damaged").read_bytes() == b"something else" * 9


def test_a_damaged_episode_does_not_keep_the_robot_from_recording(out):
    play(EpisodeRecorder(out), 2, 3).close()
    (out.with_suffix(".episodes") / "000000.hdf5").write_bytes(b"no more")
    said: list[str] = []
    play(EpisodeRecorder(out, say=said.append), 4).close()
    assert [len(t) for t in Demonstrations.load(out).trajectories] == [3, 4]
    assert "left out of the recording" in said[0]
    assert "000000.hdf5" in said[0]


def test_two_recorders_do_not_share_a_file(out):
    recorder = EpisodeRecorder(out)
    with pytest.raises(RecordingError, match="Another recorder"):
        EpisodeRecorder(out)
    recorder.close()
    EpisodeRecorder(out).close()


def test_a_file_that_is_no_recording_stays_as_it_is(out):
    out.write_bytes(b"something else")
    with pytest.raises(RecordingError, match="Choose another name"):
        EpisodeRecorder(out)
    assert out.read_bytes() == b"something else"


def test_a_disk_that_fails_is_told_at_the_next_step(out, monkeypatch):
    from real.recording import writer as recording

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording.Journal, "add", full)
    recorder = EpisodeRecorder(out)
    env = RealRobotEnv("place-orange", driver="ideal", recorder=recorder)
    env.reset(seed=0)
    deadline = time.monotonic() + 30.0
    while recorder.failure is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(RecordingError, match="No space left"):
        env.step(env.action_space.sample())
    with pytest.raises(RecordingError, match="No space left"):
        env.close()
