"""A driver's settings are spelled in one way on every command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from real.drivers import driver_settings, make_robot
from real.drivers.ideal import IdealRobot
from real.network.connection import HttpConnection
from real.play import Play, play
from real.recording.reader import read_recorded
from real.replay import Replay
from real.robot import RobotError
from real.server import Server
from real.tasks.files import FOLDER, load_preset
from real.testing import Conformance
from tests.helpers.robots.serving import PATIENCE, ServerProcess
from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError

COMMANDS: dict[str, Callable[..., Any]] = {
    "play": lambda **settings: Play("my_policy", **settings),
    "server": Server,
    "testing": lambda **settings: Conformance("ideal", **settings),
    "replay": lambda **settings: Replay(Path("demo.hdf5"), **settings),
}


def test_settings_are_words_or_json_and_the_shorthands_are_among_them():
    words = ["token=abc", "timeout=0.5", 'faults={"3": "stale"}']
    said = {"token": "abc", "timeout": 0.5, "faults": {"3": "stale"}}
    assert driver_settings(words) == said
    assert driver_settings(words, url="http://a", realtime=True) == {
        **said,
        "url": "http://a",
        "realtime": True,
    }


def test_a_setting_that_is_given_twice_is_refused():
    complaint = r"url must be given once\. Got: --url and --driver-kwargs url=http://b"
    with pytest.raises(ConfigurationError, match=complaint):
        driver_settings(["url=http://b"], url="http://a")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_them_and_refuses_what_has_no_name(command):
    make = COMMANDS[command]
    assert make(driver_kwargs=("noise=0",)).driver_kwargs == ("noise=0",)
    with pytest.raises(ZprlError, match=r"A setting must be NAME=VALUE\. Got: 'noise'"):
        make(driver_kwargs=("noise",))


@pytest.mark.parametrize("command", ["play", "testing"])
def test_where_a_server_is_and_real_time_have_shorthands(command):
    settings = COMMANDS[command](url="http://a", realtime=True, driver_kwargs=("timeout=1",))
    assert settings.settings() == {"url": "http://a", "realtime": True, "timeout": 1}


def test_faults_of_the_ideal_robot_can_be_said_on_a_command_line():
    preset = load_preset("place-orange")
    robot = make_robot("ideal", preset, **driver_settings(['faults={"0": "stuck"}']))
    robot.connect()
    assert isinstance(robot, IdealRobot)
    robot.command(robot._home)
    assert robot.fault == "stuck"
    with pytest.raises(ConfigurationError, match=r"begin after a number of commands\. Got: '-1'"):
        make_robot("ideal", preset, faults={"-1": "stuck"})


def test_a_driver_of_one_s_own_is_found_by_module_and_class():
    preset = load_preset("place-orange")
    assert type(make_robot("real.drivers.ideal:IdealRobot", preset)) is IdealRobot
    with pytest.raises(ConfigurationError, match="no module named 'no_such_lab'"):
        make_robot("no_such_lab:Robot", preset)
    with pytest.raises(UnknownNameError, match="did you mean 'IdealRobot'"):
        make_robot("real.drivers.ideal:IdealRobt", preset)


@pytest.fixture
def mine(tmp_path):
    """A preset that was copied and renamed."""
    path = tmp_path / "mine.yaml"
    content = yaml.safe_load((FOLDER / "place-orange.yaml").read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(content | {"name": "mine"}), encoding="utf-8")
    return path


@pytest.mark.filterwarnings("ignore:The policy was trained for another environment")
@pytest.mark.filterwarnings("ignore:What the policy is shown lies far outside")
def test_a_policy_plays_a_file_s_task_on_a_driver_with_settings(mine, tmp_path, capsys):
    # The ideal driver lays the plate into the air, which the policy has never seen.
    out = tmp_path / "played.hdf5"
    words = ('faults={"400": "rejecting"}',)
    play(Play("real", task=str(mine), driver="ideal", driver_kwargs=words, episodes=1, out=out))
    assert capsys.readouterr().out == "no\n"
    episode, *_ = read_recorded(out)
    assert (episode.preset.name, episode.outcome) == ("mine", "stop")
    assert "must accept commands. Got: a refusal" in episode.infos[-1]["safety"]["stop"]


def test_a_server_serves_a_file_s_task_with_a_driver_s_settings(mine):
    words = ("--driver-kwargs", 'faults={"0": "rejecting"}')
    server = ServerProcess(mine, "ideal", *words)
    try:
        line = HttpConnection(server.url, timeout=PATIENCE)
        pose = line.ask("/getpos")["pose"]
        with pytest.raises(RobotError, match="refuses with 503: The robot must accept commands"):
            line.post("/pose", {"arr": pose})
        line.close()
    finally:
        server.abandon()


def test_the_conformance_command_takes_a_file_and_settings(mine):
    command = [sys.executable, "-W", "error", "-m", "real.testing", "--driver", "ideal"]
    command += ["--task", str(mine), "--driver-kwargs", "realtime=false", 'faults={"0": "stuck"}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "goes_where_it_is_sent: an arm sent +0.03 m along x" in done.stderr
