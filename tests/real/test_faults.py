"""What goes wrong between an environment and a robot, over a real connection."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from real.env import RealRobotEnv
from real.network.wire import ArmFrame
from real.operators import Event, ScriptedOperator
from real.recording import EpisodeRecorder
from real.tasks.files import load_preset
from tests.helpers.robots.serving import ROOT, FaultyProxy, ServerProcess, relaxed_preset

pytestmark = pytest.mark.slow

NOT_STATES = {
    "nothing": b"",
    "half": b'{"pose": [0.4, 0.0, 0.3, 1.0, 0.0',
    "a list": b"[1, 2, 3]",
    "a page": b"<html>502 Bad Gateway</html>",
    "no pose": b'{"vel": [0, 0, 0, 0, 0, 0], "q": [], "gripper_pos": 1}',
    "not a number": b'{"pose": [NaN, 0, 0, 1, 0, 0, 0], "vel": [0,0,0,0,0,0], "q": [],'
    b' "gripper_pos": 1}',
    "no rotation": b'{"pose": [0, 0, 0, 0, 0, 0, 0], "vel": [0,0,0,0,0,0], "q": [],'
    b' "gripper_pos": 1}',
    "text": b'{"pose": "up", "vel": [0,0,0,0,0,0], "q": [], "gripper_pos": 1}',
}


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return relaxed_preset(tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def server(task):
    server = ServerProcess(task)
    yield server
    assert server.end() == ""  # whatever was done to it


@pytest.fixture
def start_server(task):
    servers = []

    def start(driver="ideal"):
        servers.append(ServerProcess(task, driver))
        return servers[-1]

    yield start
    for server in servers:
        server.abandon()


@pytest.fixture
def proxy(server):
    proxy = FaultyProxy(server)
    yield proxy
    proxy.close()


@pytest.fixture
def recorder(tmp_path):
    recorder = EpisodeRecorder(tmp_path / "episodes.hdf5")
    yield recorder
    recorder.close()


def make_env(task, url, recorder=None, **settings):
    return RealRobotEnv(task, driver="remote", url=url, timeout=0.6, recorder=recorder, **settings)


def random_steps(env, number):
    for _ in range(number):
        *_, terminated, truncated, info = env.step(env.action_space.sample())
        if terminated or truncated:
            break
    return terminated, truncated, info


def until_stopped(env):
    """Play on; how the episode ended and after how many steps."""
    for step in range(1, 200):
        terminated, truncated, info = random_steps(env, 1)
        if terminated or truncated:
            return step, terminated, truncated, info
    pytest.fail("nobody stopped the arms")


def assert_a_fault_ends_the_episode_and_nothing_else(env, server, recorder, break_it, repair_it):
    env.reset(seed=0)
    env.action_space.seed(0)
    assert not any(random_steps(env, 5)[:2])
    break_it()
    steps, terminated, truncated, info = until_stopped(env)
    assert (terminated, truncated, info["is_success"]) == (False, True, False)
    reason = info["safety"]["stop"]
    repair_it()
    assert server.at_rest()
    env.reset()
    assert not any(random_steps(env, 5)[:2])
    env.close()
    assert [(entry.steps, entry.outcome) for entry in recorder.entries] == [
        (5 + steps, "stop"),
        (5, "abort"),
    ]
    return reason


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("disconnect", "cannot be reached"),
        ("freeze", ("s old", "m of where it was sent")),
        ("stale", "s old"),
        ("reject", "reflex mode"),
        ("slow", "did not answer within 0.6 s"),
    ],
)
def test_a_fault_stops_the_arms_and_truncates(fault, reason, task, server, proxy, recorder):
    env = make_env(task, proxy.url, recorder)
    told = assert_a_fault_ends_the_episode_and_nothing_else(
        env,
        server,
        recorder,
        lambda: setattr(proxy, "fault", fault),
        lambda: setattr(proxy, "fault", None),
    )
    # A frozen state is found out by its age or by the way that was gone since, whichever is sooner.
    assert any(one in told for one in ((reason,) if isinstance(reason, str) else reason))


@pytest.mark.parametrize("reply", NOT_STATES.values(), ids=NOT_STATES)
def test_a_malformed_reply_stops_the_arms(reply, task, server, proxy):
    env = make_env(task, proxy.url)
    env.reset(seed=0)
    proxy.fault = reply
    _, terminated, truncated, info = until_stopped(env)
    assert (terminated, truncated, info["safety"]["stop_source"]) == (False, True, "driver")
    assert "must" in info["safety"]["stop"]
    assert server.at_rest()
    proxy.fault = None
    env.close()


def test_a_server_that_is_gone_may_come_back(task, start_server, recorder):
    server = start_server()
    reason = assert_a_fault_ends_the_episode_and_nothing_else(
        make_env(task, server.url, recorder), server, recorder, server.kill, server.start
    )
    assert "cannot be reached" in reason
    assert server.end() == ""


def test_a_driver_that_fails_behind_the_server_stops_the_arms(task, start_server, recorder):
    server = start_server("tests.helpers.robots.failing:FailingRobot")
    reason = assert_a_fault_ends_the_episode_and_nothing_else(
        make_env(task, server.url, recorder),
        server,
        recorder,
        lambda: None,
        lambda: server.post("/clearerr"),
    )
    assert "503" in reason
    assert "connect" in reason
    assert server.end() == ""


def test_a_trainer_that_is_killed_leaves_the_arms_at_rest_and_its_steps(task, server, tmp_path):
    out = tmp_path / "episodes.hdf5"
    command = [
        sys.executable,
        "-m",
        "tests.helpers.robots.trainer",
        str(task),
        server.url,
        str(out),
    ]
    trainer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert trainer.stdout is not None
    for _ in range(30):
        assert trainer.stdout.readline() == "step\n"
    trainer.send_signal(signal.SIGKILL)
    told = 30 + len(trainer.communicate()[0].splitlines())
    assert server.at_rest()

    said: list[str] = []
    recorder = EpisodeRecorder(out, say=said.append)
    assert len(said) == 1
    assert "recovered an episode" in said[0]
    (entry,) = recorder.entries
    assert entry.outcome == "cut off"
    assert told - 20 <= entry.steps <= told + 1  # 20 steps are a second

    env = make_env(task, server.url, recorder)
    env.reset(seed=1)
    random_steps(env, 3)
    env.close()
    lengths = [len(t) for t in Demonstrations.load(out).trajectories]
    assert lengths == [entry.steps, 3]


class Watcher(ScriptedOperator):
    """Stops the arms on their way, and sees whether they rest when its release is wanted.

    Attributes:
        stop_in: Control periods after which it says stop.
    """

    def __init__(self, server):
        super().__init__()
        self.at_rest = []
        self.stop_in = 10**9
        self._server = server

    def poll(self):
        self.stop_in -= 1
        if self.stop_in == 0:
            self.say(Event.STOP)
        return super().poll()

    def ask(self, event, message):
        if event is Event.RELEASE:
            self.at_rest.append(self._server.at_rest())
        super().ask(event, message)


def test_a_stop_while_the_arms_go_home_holds_them_until_it_is_released(task, server):
    operator = Watcher(server)
    env = make_env(task, server.url, operator=operator)
    env.reset(seed=0)
    far = np.clip(env.action_space.sample() * 0.0, -1.0, 1.0)
    far[:2] = 0.3
    for _ in range(20):
        env.step(far)
    operator.stop_in = 8
    observation, info = env.reset()
    assert operator.at_rest == [True]
    assert any("the operator stopped the arms" in message for _, message in operator.asked)
    assert env.observation_space.contains(observation)
    assert info["safety"]["stop"] == ""
    assert not any(random_steps(env, 3)[:2])
    env.close()


def told(proxy):
    """Poses that went through the proxy, and what was measured after each."""
    frame = ArmFrame.of(load_preset("place-orange").arms[0])
    sent: list[np.ndarray] = []
    measured: list[np.ndarray] = []
    for path, body, reply in proxy.heard:
        if path == "/pose":
            sent.append(frame.from_wire(np.array(json.loads(body)["arr"]))[0])
        elif path == "/getstate" and len(measured) < len(sent):
            measured.append(frame.from_wire(np.array(json.loads(reply)["pose"]))[0])
    return sent, measured


def test_what_is_recorded_is_what_was_sent_and_measured(task, server, proxy, recorder):
    env = make_env(task, proxy.url, recorder, images=True)
    observations = [env.reset(seed=0)[0]]
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(4)]
    proxy.heard.clear()
    observations += [env.step(action)[0] for action in actions]
    sent, answered = told(proxy)
    env.close()
    (trajectory,) = Demonstrations.load(recorder.path).trajectories
    keys = list(env.observation_keys)
    np.testing.assert_array_equal(trajectory.flat_observations(keys), observations[:-1])
    np.testing.assert_array_equal(trajectory.actions, actions)
    with h5py.File(recorder.path) as file:
        episode = file["data/demo_0"]
        assert episode["frames/front"].shape == (4, 64, 64, 3)
        commanded = episode["ticks/commanded/position"][()]
        measured = episode["ticks/measured/position"][()]
        infos = [json.loads(info) for info in episode["info"]]
        assert {"python", "numpy"} <= json.loads(episode.attrs["provenance"]).keys()
    np.testing.assert_allclose(commanded[:, 0], sent, atol=1e-9)
    np.testing.assert_allclose(measured[:, 0], answered, atol=1e-9)
    assert np.ptp(commanded, axis=0).max() > 1e-3  # it was sent somewhere
    assert all("safety" in info for info in infos)
