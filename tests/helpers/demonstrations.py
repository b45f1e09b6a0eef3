"""Demonstrations as they come: random ones in memory, and files as robomimic writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.demonstrations import Demonstrations, Trajectory

OLD_CONTROLLER = {
    "type": "OSC_POSE",
    "input_max": 1,
    "input_min": -1,
    "output_max": [0.05, 0.05, 0.05, 0.5, 0.5, 0.5],
    "output_min": [-0.05, -0.05, -0.05, -0.5, -0.5, -0.5],
    "kp": 150,
    "damping": 1,
    "impedance_mode": "fixed",
    "control_delta": True,
}


def env_args(task="Lift", version="1.5.1", robots=("Panda",), **controller) -> dict[str, Any]:
    """What robomimic writes for a robosuite of this version."""
    part = {**OLD_CONTROLLER, **controller}
    if version is not None and version >= "1.5":
        part = {"type": "BASIC", "body_parts": {"right": {**part, "gripper": {"type": "GRIP"}}}}
    kwargs = {"robots": list(robots), "controller_configs": part, "reward_shaping": False}
    found = {"env_name": task, "env_version": version, "type": 1, "env_kwargs": kwargs}
    return {name: value for name, value in found.items() if value is not None}


SIZES = (("object", 10), ("robot0_eef_pos", 3))


def write_robomimic(path: Path, args: dict[str, Any], episodes=4, sizes=SIZES, actions=7) -> Path:
    """A file as robomimic writes it, with images, absolute actions and filter keys."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.create_group("data").attrs["env_args"] = json.dumps(args)
        for i in range(episodes):
            group = file.create_group(f"data/demo_{i}")
            group["actions"] = rng.uniform(-1, 1, (5, actions))
            group["actions_abs"] = group["actions"][()] + 10
            group["rewards"] = np.array([0.0, 0.0, 0.0, 0.0, i % 2])
            group["dones"] = np.array([0, 0, 0, 0, 1])
            for key, size in sizes:
                group[f"obs/{key}"] = rng.normal(size=(5, size))
            image = rng.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
            group.create_dataset("obs/agentview_image", data=image, compression="gzip")
            group.create_dataset("obs/agentview_depth", data=rng.random((5, 8, 8, 1)))
        file["mask/train"] = np.array([b"demo_0", b"demo_2", b"demo_3"])
        file["mask/valid"] = np.array([b"demo_1"])
        file["mask/50_percent"] = np.array(["demo_0", "demo_1"], dtype=object)
    return path


def episode(steps=3, seed=0, **changes) -> Trajectory:
    """Random steps of an arm and an object."""
    rng = np.random.default_rng(seed)
    parts = {
        "observations": {
            "object": rng.normal(size=(steps, 4)).astype(np.float32),
            "arm": rng.normal(size=(steps, 2)).astype(np.float32),
        },
        "actions": rng.normal(size=(steps, 2)).astype(np.float32),
        "rewards": np.zeros(steps, dtype=np.float32),
        "dones": np.array([False] * (steps - 1) + [True]),
    }
    return Trajectory(**{**parts, **changes})


def toy_demonstrations(keys=("b", "a"), success=(True, False, None)) -> Demonstrations:
    """Episodes of 3, 4, ... random steps."""
    rng = np.random.default_rng(0)
    episodes = [
        Trajectory(
            observations={
                key: rng.normal(size=(3 + i, 2 + j)).astype(np.float32)
                for j, key in enumerate(keys)
            },
            actions=rng.uniform(-1, 1, (3 + i, 2)).astype(np.float32),
            rewards=rng.normal(size=3 + i).astype(np.float32),
            dones=np.arange(3 + i) == 2 + i,
            success=done,
        )
        for i, done in enumerate(success)
    ]
    return Demonstrations(tuple(episodes), {"env_name": "Toy", "env_kwargs": {"a": 1}}, keys)
