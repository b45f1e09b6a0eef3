"""A run on the point task and what is exported of it."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import pytest

from tests.helpers import point
from zprl_env.tasks import TASKS


@pytest.fixture(scope="session")
def steered_folder(tmp_path_factory, point_policy) -> Path:
    """The export of a short run of SAC on the point task."""
    import train_sb3
    from zprl_env.deploy.export import Export, export
    from zprl_env.training.config import parse

    folder = tmp_path_factory.mktemp("steered")
    flags = ["--env", "Point", "--policy", str(point_policy), "--eval-episodes", "3"]
    flags += ["--validation-episodes", "1", "--total-env-steps", "60", "--warmup-decisions", "10"]
    flags += ["--hidden", "8", "8", "--batch-size", "4", "--no-video"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "Point", point.POINT)
        patch.setitem(gym.registry, point.POINT.id, point.spec())
        run = train_sb3.finetune(parse([*flags, "--out", str(folder / "run")]))
        return export(Export(run, folder / "out"))
