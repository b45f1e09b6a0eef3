"""A watcher finds a session, keeps its pictures, and asks by lines of their own."""

from __future__ import annotations

import numpy as np
import pytest

from real.console.desk import Desk
from real.console.line import LineError, address
from real.console.web import watcher as module
from real.console.web.watcher import Watcher
from real.env import RealRobotEnv


@pytest.fixture
def session():
    desk = Desk({"task": "place-orange"})
    env = RealRobotEnv("place-orange", driver="ideal", console=desk)
    env.reset(seed=0)
    desk.open()
    yield desk, env
    desk.close()
    env.close()


def test_without_a_session_nothing_is_shown_and_that_is_told(tmp_path):
    watcher = Watcher(tmp_path / "none.console")
    assert (watcher.shown["phase"], watcher.is_connected) == ("no robot", False)
    with pytest.raises(LineError, match="Got: none with --console"):
        watcher.ask("words", ask="say", word="pause", page="a")


def test_a_session_is_shown_with_pictures_and_a_film(session, monkeypatch):
    _, env = session
    watcher = Watcher(address())
    watcher._look()
    env.step(np.zeros(8, np.float32))
    watcher._look()
    assert (watcher.shown["phase"], watcher.shown["steps"]) == ("running", 1)
    assert watcher.is_connected
    assert watcher.pictures["front"][:2] == b"\xff\xd8"
    assert len(watcher.film(1)) == 1
    monkeypatch.setattr(module, "MOST_FILM", 10)
    watcher._keep(2, b"x" * 20)
    assert (len(watcher.film(1)), len(watcher.film(2))) == (0, 1)
    watcher.close()


def test_a_stop_is_answered_and_a_session_that_ended_is_told(session):
    desk, _ = session
    watcher = Watcher(address())
    assert watcher.ask("stop", ask="stop")["latched"]
    desk.close()
    with pytest.raises(LineError):
        watcher.ask("stop", ask="stop")
    watcher.close()
