"""Small LeRobot policies, saved by LeRobot itself; without LeRobot nothing here is collected."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
collect_ignore_glob = [] if importlib.util.find_spec("lerobot") else ["*.py"]


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Save a small policy of some kind, once per session, and return its folder."""
    from tests.lerobot import policies

    folders: dict[str, Path] = {}

    def save(name: str) -> Path:
        if name not in folders:
            folders[name] = policies.save(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return save
