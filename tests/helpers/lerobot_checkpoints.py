"""Checkpoints as LeRobot writes them, made by hand: enough for what reads them without LeRobot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

STATE, ENVIRONMENT, ACTION = "observation.state", "observation.environment_state", "action"


def features(pictures: bool = False) -> dict[str, Any]:
    """Two states, or a state and two cameras."""
    found: dict[str, Any] = {STATE: {"type": "STATE", "shape": [2]}}
    if not pictures:
        return found | {ENVIRONMENT: {"type": "ENV", "shape": [3]}}
    camera = {"type": "VISUAL", "shape": [3, 32, 48]}
    return found | {"observation.images.top": camera, "observation.images.wrist_cam": camera}


def config(**changes: Any) -> dict[str, Any]:
    """A configuration of Diffusion, as much of it as the readers look at."""
    return {
        "type": "diffusion",
        "n_obs_steps": 2,
        "horizon": 8,
        "n_action_steps": 4,
        "input_features": features(),
        "output_features": {ACTION: {"type": "ACTION", "shape": [2]}},
        "normalization_mapping": {"VISUAL": "MEAN_STD", "STATE": "MIN_MAX", "ACTION": "MIN_MAX"},
        "device": "cpu",
        "noise_scheduler_type": "DDIM",
        "num_train_timesteps": 100,
        **changes,
    }


def statistics() -> dict[str, torch.Tensor]:
    """Statistics of every feature, of every mode."""
    sizes: dict[str, tuple[int, ...]] = {STATE: (2,), ENVIRONMENT: (3,), ACTION: (2,)}
    sizes |= {f"observation.images.{name}": (3, 1, 1) for name in ("top", "wrist_cam")}
    found = {}
    for feature, shape in sizes.items():
        for i, name in enumerate(("min", "mean", "max")):
            found[f"{feature}.{name}"] = torch.full(shape, float(i))
        found[f"{feature}.std"] = torch.full(shape, 0.5)
    return found


def write(folder: Path, values: dict[str, Any] | None = None, **weights: torch.Tensor) -> Path:
    """Write a checkpoint: configuration, both processors, their statistics and weights."""
    values = config() if values is None else values
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(values))
    save_file(weights or {"layer.weight": torch.ones(1)}, folder / "model.safetensors")
    every = {**values["input_features"], **values["output_features"]}
    norm_map = values["normalization_mapping"]
    normalizer = entry("normalizer_processor", features=every, norm_map=norm_map, eps=1e-8)
    steps = [
        entry("rename_observations_processor", rename_map={}),
        entry("to_batch_processor"),
        entry("device_processor", device="cpu", float_dtype=None),
        normalizer | {"state_file": "policy_preprocessor_step_3_normalizer_processor.safetensors"},
    ]
    unnormalizer = entry(
        "unnormalizer_processor", features=values["output_features"], norm_map=norm_map, eps=1e-8
    )
    name = "policy_postprocessor_step_0_unnormalizer_processor.safetensors"
    ends = [unnormalizer | {"state_file": name}, entry("device_processor", device="cpu")]
    for side, listed in (("preprocessor", steps), ("postprocessor", ends)):
        pipeline = {"name": f"policy_{side}", "steps": listed}
        (folder / f"policy_{side}.json").write_text(json.dumps(pipeline))
        for step in listed:
            if "state_file" in step:
                save_file(statistics(), folder / step["state_file"])
    return folder


def entry(name: str, **settings: Any) -> dict[str, Any]:
    """A step of a pipeline."""
    return {"registry_name": name, "config": settings}


def change(path: Path, **changes: Any) -> None:
    """Change entries of a JSON file; a value of None takes one out."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: v for key, v in values.items() if v is not None}))


def change_step(path: Path, number: int, **changes: Any) -> None:
    """Change settings of one step of a pipeline."""
    values = json.loads(path.read_text())
    values["steps"][number]["config"] |= changes
    path.write_text(json.dumps(values))
