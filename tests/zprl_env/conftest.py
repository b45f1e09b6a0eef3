"""A run on the point task and what is exported of it."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import pytest

from tests.helpers import hub_server, point
from zprl_env.tasks import TASKS


@pytest.fixture(scope="session")
def steered_folder(tmp_path_factory, point_policy) -> Path:
    """The export of a short run of SAC on the point task."""
    import train_sb3
    from zprl_env.deploy.export import Export, export
    from zprl_env.training.command_line import parse

    folder = tmp_path_factory.mktemp("steered")
    flags = ["--env", "Point", "--policy", str(point_policy), "--eval-episodes", "3"]
    flags += ["--validation-episodes", "1", "--total-env-steps", "60", "--warmup-decisions", "10"]
    flags += ["--hidden", "8", "8", "--batch-size", "4", "--noise", "zero", "--no-video"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "Point", point.POINT)
        patch.setitem(gym.registry, point.POINT.id, point.spec())
        run = train_sb3.finetune(parse([*flags, "--out", str(folder / "run")]))
        return export(Export(run, folder / "out"))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub, as ``HF_ENDPOINT`` names it, with a login and an empty cache."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the hub extra")

    with hub_server.serving() as server:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        yield server
