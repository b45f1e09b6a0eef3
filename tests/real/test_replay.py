from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from policies.errors import DemonstrationError
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording import EpisodeRecorder
from real.recording.reader import read_recorded
from real.replay import Replay, replay
from real.tasks.files import load_preset


@pytest.fixture
def recording(tmp_path):
    recorder, operator = EpisodeRecorder(tmp_path / "demo.hdf5"), ScriptedOperator()
    env = RealRobotEnv(
        "place-orange", driver="ideal", operator=operator, recorder=recorder, images=True
    )
    env.action_space.seed(0)
    for seed in range(2):
        env.reset(seed=seed)
        for _ in range(4):
            env.step(env.action_space.sample())
    operator.say(Event.SUCCESS)
    env.step(env.action_space.sample())
    env.close()
    return recorder.path


def test_table_plot_and_film_are_made(recording, tmp_path):
    text = io.StringIO()
    made = replay(Replay(recording, out=tmp_path / "shown"), Console(file=text, width=150))
    assert [path.name for path in made] == ["demo_1.png", "demo_1.mp4"]
    assert all(path.stat().st_size > 1000 for path in made)
    assert "demo.hdf5: episode 1 of 2" in text.getvalue()
    assert "success" in text.getvalue()


def test_without_pictures_the_simulated_robot_is_filmed(tmp_path):
    recorder = EpisodeRecorder(tmp_path / "demo.hdf5")
    env = RealRobotEnv("place-orange", driver="ideal", recorder=recorder)
    env.reset(seed=0)
    for _ in range(2):
        env.step(env.action_space.sample())
    env.close()
    made = replay(Replay(recorder.path), Console(file=io.StringIO()))
    assert [path.suffix for path in made] == [".png", ".mp4"]


def test_the_film_of_a_renamed_task_without_a_scene_takes_another_task(tmp_path):
    preset = load_preset("place-orange").model_copy(update={"name": "mine", "scene": None})
    recorder = EpisodeRecorder(tmp_path / "demo.hdf5")
    env = RealRobotEnv(preset, driver="ideal", recorder=recorder)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    env.close()
    text = io.StringIO()
    assert len(replay(Replay(recorder.path), Console(file=text, width=150))) == 1
    assert "No film: unknown scene of the preset mine 'mine'" in text.getvalue()
    made = replay(Replay(recorder.path, task="place-orange"), Console(file=io.StringIO()))
    assert [path.suffix for path in made] == [".png", ".mp4"]
    named = Replay(recorder.path, driver_kwargs=("scene=place-orange", "image_size=[64, 96]"))
    assert len(replay(named, Console(file=io.StringIO()))) == 2
    other = replay(Replay(recorder.path, task="open-box"), Console(file=text, width=150))
    assert [path.suffix for path in other] == [".png"]
    assert "must have the 1 arms of mine. Got: 2 of open-box" in text.getvalue()


def test_an_episode_is_read_as_it_was(recording):
    episode, number, total = read_recorded(recording, 0)
    assert (number, total, episode.outcome, len(episode.rewards)) == (0, 2, "abort", 4)
    command = episode.command(0)
    assert command is not None
    assert command.position.shape == (1, 3)
    assert episode.frames["front"].shape == (4, 64, 64, 3)


def test_an_episode_that_is_not_there_is_named(recording):
    with pytest.raises(DemonstrationError, match=r"has episodes 0 to 1. Got: 7"):
        read_recorded(recording, 7)


def test_a_mistake_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "real.replay", str(tmp_path / "nothing.hdf5")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "must be a recording" in done.stderr
