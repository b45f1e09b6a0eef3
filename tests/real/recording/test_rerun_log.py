"""A stream for Rerun has frames, poses, chunks and safety, and is read back from its file."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from zprl_env import ActionChunkWrapper
from zprl_env.errors import ConfigurationError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    rerun = pytest.importorskip("rerun", reason="the extra 'rerun' brings it")
    import rerun.dataframe as dataframe

from real.recording.rerun_log import RerunLog, open_rerun


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    """What a file has after an episode of two chunks that a person stopped."""
    path = tmp_path_factory.mktemp("rerun") / "runs" / "a.rrd"
    operator, log = ScriptedOperator(), RerunLog(str(path))
    robot = RealRobotEnv(
        "place-orange", driver="ideal", operator=operator, recorder=log, images=True
    )
    env = ActionChunkWrapper(robot, 4)
    env.reset(seed=0)
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    operator.say(Event.STOP)
    env.step(env.action_space.sample())
    env.close()
    log.close()
    view = dataframe.load_recording(path).view(index="log_tick", contents="/**")
    table = view.select().read_all()
    return {name: table.column(name).to_pylist() for name in table.column_names}


def values(columns, beginning):
    found = [v for name, rows in columns.items() if name.startswith(beginning) for v in rows]
    return [value for value in found if value]


def test_poses_pictures_chunks_and_safety_are_there(columns):
    measured = values(columns, "/arm_0/measured:Position3D")
    assert len(measured) >= 8  # 4 actions of 2 control periods
    assert np.isfinite(np.array(measured)).all()
    assert len(values(columns, "/arm_0/plan:LineStrip3D")) == 2
    assert np.shape(values(columns, "/arm_0/plan:LineStrip3D")[0][0]) == (5, 3)
    assert values(columns, "/cameras/front:Blob")
    assert values(columns, "/safety/limited:Scalar")


def test_what_happened_is_told_in_words(columns):
    said = [text for row in values(columns, "/words:Text") for text in row]
    words = [text for text in said if text not in ("INFO", "ERROR")]  # the level is text as well
    assert words[0].startswith("Episode 1 of place-orange begins")
    assert "Stopped by the operator: the operator stopped the arms" in words
    assert words[-1] == "Episode 1: stop."


def test_a_viewer_that_listens_is_sent_everything(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, saved = f"127.0.0.1:{port}", tmp_path / "seen.rrd"
    with pytest.raises(ConfigurationError, match=r"find a viewer that listens at HOST:PORT"):
        open_rerun(f"connect:{address}")
    # Rerun's own server, which would draw what it keeps here.
    command = [sys.executable, "-m", "rerun", "--port", str(port), "--save", str(saved)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as viewer:
        try:
            until = time.monotonic() + 30
            while (log := listening(f"connect:{address}")) is None and time.monotonic() < until:
                time.sleep(0.1)
            env = RealRobotEnv("place-orange", driver="ideal", recorder=log)
            env.reset(seed=0)
            env.step(env.action_space.sample())
            env.close()
            while (not saved.exists() or saved.stat().st_size < 5_000) and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            viewer.send_signal(signal.SIGINT)
            viewer.wait(20)
    assert saved.stat().st_size >= 5_000


def listening(where):
    """A log to a viewer, None as long as it does not listen."""
    try:
        return open_rerun(where)
    except ConfigurationError:
        return None


@pytest.mark.parametrize("where", ["connect:lab", "connect:", "connect:127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(where):
    with pytest.raises(ConfigurationError, match="must find a viewer"):
        open_rerun(where)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"connect or an \.rrd file"):
        open_rerun(str(tmp_path / "a.mp4"))
    assert open_rerun(None) is None
    (tmp_path / "file").write_text("")
    for place in ("/proc/a.rrd", f"{tmp_path}/file/a.rrd"):
        with pytest.raises(ConfigurationError, match="cannot stream to"):
            open_rerun(place)
