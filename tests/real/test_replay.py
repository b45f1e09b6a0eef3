from __future__ import annotations

import io

from rich.console import Console

from real.env import RealRobotEnv
from real.recording import EpisodeRecorder
from real.recording.reader import read_recorded
from real.replay import Replay, pictures, replay
from real.tasks.files import load_preset
from tests.helpers.warm import run_warm


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
    named = Replay(recorder.path, driver_kwargs=("scene=place-orange", "image_size=[64, 96]"))
    made = replay(named, Console(file=io.StringIO()))
    assert [path.suffix for path in made] == [".png", ".mp4"]
    assert next(pictures(read_recorded(recorder.path)[0], "place-orange")).shape == (240, 320, 3)
    other = replay(Replay(recorder.path, task="open-box"), Console(file=text, width=150))
    assert [path.suffix for path in other] == [".png"]
    assert "must have the 1 arms of mine. Got: 2 of open-box" in text.getvalue()


def test_a_mistake_is_one_line(tmp_path):
    done = run_warm("-m", "real.replay", tmp_path / "nothing.hdf5")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "must be a recording" in done.stderr
