"""A task that is seen, and a tiny policy for it."""

import gymnasium as gym
import pytest

from tests.helpers import seen
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import TASKS


@pytest.fixture(scope="session")
def seen_folder(tmp_path_factory):
    return seen.save_policy(tmp_path_factory.mktemp("seen") / "policy")


@pytest.fixture
def seen_policy(seen_folder):
    return resolve_policy(seen_folder)


@pytest.fixture
def seen_task(monkeypatch):
    monkeypatch.setitem(TASKS, "Seen", seen.SEEN)
    monkeypatch.setitem(gym.registry, seen.SEEN.id, seen.spec())
    return "Seen"
