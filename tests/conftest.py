"""A task that costs nothing, and policies for it and for Lift."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from tests.helpers import point
from zprl_env.tasks import TASKS


@pytest.fixture
def point_task(monkeypatch) -> str:
    """The name of the point task, which is in the table for one test."""
    monkeypatch.setattr(point.PointEnv, "spoiled_after", 10**9)
    monkeypatch.setitem(TASKS, "Point", point.POINT)
    monkeypatch.setitem(gym.registry, "ZPRL-Point-v0", point.spec())
    return "Point"


@pytest.fixture(scope="session")
def point_policy(tmp_path_factory) -> Path:
    """The checkpoint of a tiny policy for the point task; it knows nothing."""
    return point.save_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def lift_policy() -> str:
    """The name of the policy for Lift that comes with the package."""
    return "Lift"


@pytest.fixture
def shipped_point(point_task, point_policy, monkeypatch) -> str:
    """The point task, as if its policy came with the package."""
    found = {"point": point_policy}
    monkeypatch.setattr("zprl_env.loading.resolve.shipped_policies", lambda: found)
    return point_task


@pytest.fixture
def _as_in_a_terminal():
    """What starts in the background ignores Ctrl-C and a terminal that goes away."""
    usual: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
