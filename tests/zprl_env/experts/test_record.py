import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from policies.checkpoints.output import OverwriteError
from policies.demonstrations import Demonstrations, content_hash, verify_content
from tests.helpers.warm import run_warm
from zprl_env.envs import make_env
from zprl_env.errors import (
    ConfigurationError,
    DemonstrationError,
    UnknownNameError,
    ZprlError,
)
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.record import Recording, _versions, record
from zprl_env.experts.unfinished import UnfinishedRecording

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A recording of somebody unskilled: both successes and failures."""
    file = tmp_path_factory.mktemp("demos") / "lift.hdf5"
    record(Recording(out=file, episodes=4, skill="poor"))
    return file


def contents(file):
    found = {}
    with h5py.File(file) as opened:
        for name, item in [("/", opened), *_items(opened)]:
            found[name] = {**item.attrs}
            if isinstance(item, h5py.Dataset):
                found[name]["values"] = item[()].tolist()
    return found


def _items(opened):
    items = []
    opened.visititems(lambda name, item: items.append((name, item)))
    return items


def test_a_recording_loads_as_demonstrations(file):
    demonstrations = Demonstrations.load(file)
    assert len(demonstrations.trajectories) == 4
    assert demonstrations.env_args["env_name"] == "Lift"
    assert demonstrations.observation_dims == {
        "robot0_eef_pos": 3,
        "robot0_eef_quat": 4,
        "robot0_gripper_qpos": 2,
        "object": 10,
    }
    for trajectory in demonstrations.trajectories:
        assert trajectory.actions.shape == (len(trajectory), 7)
        assert 20 < len(trajectory) <= 150
        assert trajectory.dones.tolist() == [False] * (len(trajectory) - 1) + [True]


def test_each_episode_tells_its_seed_success_and_quality(file):
    with h5py.File(file) as opened:
        episodes = [opened[f"data/demo_{i}"] for i in range(4)]
        assert [episode.attrs["seed"] for episode in episodes] == [0, 1, 2, 3]
        for episode in episodes:
            assert bool(episode.attrs["success"]) == (episode["rewards"][-1] == 1.0)
            assert len(json.loads(episode.attrs["quality"])["grasp_offset"]) == 3
        listed = [name for kind in opened["mask"] for name in opened[f"mask/{kind}"][()]]
    assert sorted(listed) == [f"demo_{i}".encode() for i in range(4)]


def test_the_file_tells_how_it_was_made_and_what_it_holds(file):
    with h5py.File(file) as opened:
        attributes = dict(opened["data"].attrs)
    assert json.loads(attributes["recording"]) == {
        "env": "Lift",
        "episodes": 4,
        "seed": 0,
        "skill": 0.0,
        "operator_seed": 0,
        "disturbance": 0.0,
        "successes_only": False,
    }
    assert {"python", "mujoco", "numpy", "gymnasium"} < set(json.loads(attributes["versions"]))
    assert verify_content(file) == attributes["sha256"]


def cut_off(out, sent, workers, held_from):
    """Start the command, and send it a signal when all but the held episodes are finished."""
    command = [sys.executable, "-m", "tests.helpers.held", "--out", str(out), "--env", "Point"]
    arguments = ["--skill", "poor", "--episodes", "4", "--workers", str(workers)]
    marks = out.with_name("marks")
    marks.mkdir()
    # Not this process's group, as for a command that a person started.
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=os.environ | {"HELD_FROM": str(held_from), "HELD_MARKS": str(marks)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    folder = out.with_name(f"{out.name}.partial")
    # Held by as many processes as can be, so that nothing is under way when the signal comes.
    held = min(workers, 4 - held_from)
    while len([*folder.glob("*.hdf5")]) < held_from or len([*marks.iterdir()]) < held:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.send_signal(sent)
    # Its workers hold the other end of the pipe: this waits until they are gone as well.
    _, said = process.communicate()
    return process, said, folder


@pytest.mark.parametrize(
    ("sent", "workers", "held_from"),
    [(signal.SIGKILL, 2, 1), (signal.SIGKILL, 2, 3), (signal.SIGINT, 1, 2)],
)
def test_a_recording_that_was_cut_off_goes_on(point_task, tmp_path, sent, workers, held_from):
    whole, out = tmp_path / "whole.hdf5", tmp_path / "point.hdf5"
    settings: dict[str, Any] = {"env": "Point", "episodes": 4, "skill": "poor"}
    record(Recording(out=whole, **settings))
    process, said, folder = cut_off(out, sent, workers, held_from)
    assert not out.exists()
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*.hdf5")}
    assert len(finished) == held_from
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert said.endswith(f"kept in {folder}; the same command goes on\ninterrupted\n")
        assert "Traceback" not in said

    with pytest.raises(DemonstrationError, match=r"another recording, with seed 0\. Got: seed 3\."):
        record(Recording(out=out, **settings, seed=3))
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.hdf5")} == finished

    episodes = record(Recording(out=out, **settings))
    assert [episode.seed for episode in episodes] == [0, 1, 2, 3]
    assert contents(out) == contents(whole)
    assert content_hash(out) == content_hash(whole)
    assert not folder.exists()


def test_a_finished_episode_is_not_performed_again(file, tmp_path, monkeypatch):
    out, performed, interrupted_by, perform = tmp_path / "lift.hdf5", [], [2], Stage.perform

    def count(stage, seed):
        if seed in interrupted_by:
            raise KeyboardInterrupt
        performed.append(seed)
        return perform(stage, seed)

    monkeypatch.setattr(Stage, "perform", count)
    with pytest.raises(KeyboardInterrupt):
        record(Recording(out=out, episodes=4, skill="poor"))
    interrupted_by.clear()
    # What a power cut may leave of a file.
    (tmp_path / "lift.hdf5.partial" / "00000.hdf5").write_bytes(b"")
    record(Recording(out=out, episodes=4, skill="poor"))
    assert performed == [0, 1, 0, 2, 3]
    assert contents(out) == contents(file)


@pytest.mark.slow
def test_two_workers_record_what_one_does(file, tmp_path):
    again = tmp_path / "again.hdf5"
    record(Recording(out=again, episodes=4, skill="poor", workers=2))
    assert contents(again) == contents(file)
    assert again.read_bytes() == file.read_bytes()


def test_successes_only_leaves_failures_out(file, tmp_path):
    with h5py.File(file) as opened:
        successes = len(opened["mask/success"])
    kept = tmp_path / "kept.hdf5"
    record(Recording(out=kept, episodes=4, skill="poor", successes_only=True))
    assert 0 < successes < 4
    assert len(Demonstrations.load(kept).trajectories) == successes


def test_an_existing_file_is_kept(file):
    before = file.read_bytes()
    with pytest.raises(OverwriteError, match=r"Choose another with --out, or give --overwrite\.$"):
        record(Recording(out=file, episodes=1))
    assert file.read_bytes() == before


def test_a_recording_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        record(Recording(out=tmp_path / "a.hdf5", env="Lfit"))
    with pytest.raises(ZprlError, match="seed must lie in 0 to 99"):
        record(Recording(out=tmp_path / "a.hdf5", seed=100))
    assert list(tmp_path.iterdir()) == []


def test_no_episodes_are_refused(tmp_path):
    with pytest.raises(ZprlError, match=r"episodes must be at least 1\. Got: 0"):
        Recording(out=tmp_path / "a.hdf5", episodes=0)


def test_the_command_says_what_it_cannot_do_in_one_line(tmp_path):
    (tmp_path / "occupied").write_text("not a folder")
    arguments = ["--out", tmp_path / "occupied" / "lift.hdf5", "--episodes", "1"]
    done = run_warm("-m", "zprl_env.experts.record", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write demonstrations to ")
    assert done.stderr.count("\n") == 1


def test_the_command_records_and_says_how_it_went(tmp_path):
    out = tmp_path / "new folder" / "lift.hdf5"
    arguments = ["--out", out, "--episodes", "1", "--skill", "expert"]
    done = run_warm("-m", "zprl_env.experts.record", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: 1 episode; 1 of 1 performed succeeded (100%); ")
    assert np.all(Demonstrations.load(out).trajectories[0].rewards[:-1] == 0.0)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A recording with pictures, and what was said of its cost."""
    out = tmp_path_factory.mktemp("seen") / "door.hdf5"
    recording = Recording(out, "door", SHORT, episodes=2, cameras=CAMERAS, image_size=24)
    record(recording)
    return recording


CAMERAS, SHORT = ("fixed", "vil_camera"), ("max_episode_steps=30",)


def test_a_recording_with_cameras_has_a_picture_of_each_step_s_own_state(seen):
    loaded = Demonstrations.load(seen.out, cameras=())
    verify_content(seen.out)
    assert loaded.cameras == CAMERAS
    trajectory = loaded.trajectories[0]
    with h5py.File(seen.out) as file:
        names = {*file["data/demo_0/obs"]}
        assert {"fixed_image", "vil_camera_image", "palm_pos"} <= names
        assert file["data/demo_0/obs/fixed_image"].compression == "gzip"
        seed = int(file["data/demo_0"].attrs["seed"])
    env: Any = make_env("door", cameras=CAMERAS, image_size=24)
    observation, _ = env.reset(seed=seed)
    for step, action in enumerate(trajectory.actions[:5]):
        for camera in CAMERAS:
            np.testing.assert_array_equal(trajectory.frames[camera][step], observation[camera])
        observation, *_ = env.step(action)
    assert loaded.picture_settings == env.unwrapped.picture_settings
    env.reset(seed=0)
    with h5py.File(seen.out) as file:
        for camera, picture in env.unwrapped.pictures().items():
            np.testing.assert_array_equal(file[f"reference/{camera}"][()], picture)
    env.close()


def test_states_and_actions_are_those_of_a_recording_without_cameras(seen, tmp_path):
    record(Recording(tmp_path / "blind.hdf5", "door", SHORT, episodes=2))
    with h5py.File(seen.out) as one, h5py.File(tmp_path / "blind.hdf5") as other:
        for name in ("actions", "obs/palm_pos", "rewards"):
            np.testing.assert_array_equal(one[f"data/demo_1/{name}"], other[f"data/demo_1/{name}"])


def test_a_recording_with_cameras_goes_on_and_asks_for_the_same_pictures(seen, tmp_path, capsys):
    out = tmp_path / "door.hdf5"
    short = {"max_episode_steps": 30}
    stage: Any = Stage(
        "door", 0.5, operator_for(0), env_kwargs=short, cameras=CAMERAS, image_size=24
    )
    first = replace(seen, out=out)
    said = {
        **first.settings,
        "versions": _versions(),
        "env_args": stage.env_args,
        "observation_keys": list(stage.observation_keys),
        "picture_settings": stage.picture_settings.to_dict(),
    }
    with UnfinishedRecording(out, said, stage.picture_settings) as unfinished:
        unfinished.add(1, stage.perform(1))
    stage.close()
    with pytest.raises(DemonstrationError, match="holds the beginning of another recording"):
        record(replace(first, image_size=32))
    record(first)
    assert content_hash(out) == content_hash(seen.out)
    told = capsys.readouterr().err
    assert re.search(r"pictures of 2 cameras take, per 100 episodes of 30 steps .* MB on the", told)
    assert re.search(r"MB uncompressed in memory .* [\d.]+ minutes", told)


def test_a_task_that_is_seen_is_recorded_through_its_usual_cameras(tmp_path):
    short = ("max_episode_steps=4",)
    out = tmp_path / "seen.hdf5"
    record(Recording(out, "door-Pixels", short, episodes=1, image_size=16))
    loaded = Demonstrations.load(out, cameras=())
    assert loaded.cameras == ("vil_camera", "fixed")
    with pytest.raises(ConfigurationError, match=r"named by options .* Got: image_size among the"):
        record(Recording(tmp_path / "a.hdf5", "door-Pixels", ("image_size=16",), episodes=1))


def test_beside_pictures_only_what_the_robot_feels_is_learned_from(seen):
    assert Demonstrations.load(seen.out, cameras=()).observation_keys == ("hand_qpos",)
    assert "palm_pos" in Demonstrations.load(seen.out).observation_keys
    asked = Demonstrations.load(seen.out, ["palm_pos"], cameras=())
    assert asked.observation_keys == ("palm_pos",)


def test_pictures_need_a_camera_that_is_there(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown camera 'fixd'"):
        record(Recording(out=tmp_path / "a.hdf5", env="door", cameras=("fixd",)))
    with pytest.raises(ZprlError, match="must come with cameras"):
        record(Recording(out=tmp_path / "a.hdf5", env="door", image_size=84))
    assert not [*tmp_path.iterdir()]
