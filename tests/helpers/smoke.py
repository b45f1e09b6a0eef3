"""What has to work wherever the project is installed; run from there, away from the checkout."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import yaml

import zprl_env
from policies.checkpoints import files
from real.tasks.files import load_preset, presets
from zprl_env.hyperparams import FOLDER
from zprl_env.loading.pretrained import shipped_policies


def main() -> None:
    """Print what was found, as JSON."""
    for name in ("policies", "real", "train_sb3", "zprl_env"):
        where = importlib.import_module(name).__file__
        assert where is not None
        assert Path(where).is_relative_to(sys.prefix), where
    for folder in shipped_policies().values():
        files.verify(files.read(folder), folder)
    env = zprl_env.LatentSteeringWrapper(zprl_env.make_env("Lift"), "Lift")
    env.reset(seed=0)
    observation, *_ = env.step(np.zeros(env.action_space.shape or (), np.float32))
    assert np.isfinite(observation).all()
    env.close()
    found = {
        "policies": sorted(shipped_policies()),
        "presets": sorted(load_preset(name).name for name in presets()),
        "hyperparameters": {
            path.stem: len(yaml.safe_load(path.read_text(encoding="utf-8"))["default"])
            for path in sorted(FOLDER.glob("*.yml"))
        },
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
