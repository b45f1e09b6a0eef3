"""Small policies of every kind, with random weights, as LeRobot saves and loads them itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.factory import get_policy_class, make_policy_config, make_pre_post_processors
from torch import Tensor

STATE, ENVIRONMENT = "observation.state", "observation.environment_state"
CAMERAS, SIZE = ("top", "wrist_cam"), (48, 64)
TASK = "pick up the cube"


def feature(kind: str, *shape: int) -> PolicyFeature:
    """A feature."""
    return PolicyFeature(getattr(FeatureType, kind), shape)


STATES = {STATE: feature("STATE", 3), ENVIRONMENT: feature("ENV", 4)}
PUSHT = {STATE: feature("STATE", 2), ENVIRONMENT: feature("ENV", 16)}
LIFT = {STATE: feature("STATE", 9), ENVIRONMENT: feature("ENV", 10)}
PICTURES = {STATE: feature("STATE", 3)}
PICTURES |= {f"observation.images.{name}": feature("VISUAL", 3, *SIZE) for name in CAMERAS}
DIFFUSION: dict[str, Any] = {"horizon": 8, "n_action_steps": 4, "down_dims": (16, 32)}
DIFFUSION |= {"noise_scheduler_type": "DDIM", "num_inference_steps": 5, "n_groups": 4}
DIFFUSION |= {"num_train_timesteps": 20, "diffusion_step_embed_dim": 16}
DIFFUSION |= {"spatial_softmax_num_keypoints": 4, "pretrained_backbone_weights": None}
DIFFUSION |= {"use_group_norm": True}
RESIZED = {"resize_shape": (32, 40), "crop_ratio": 0.9, "n_obs_steps": 1}
ACT: dict[str, Any] = {"chunk_size": 10, "n_action_steps": 5, "dim_model": 32, "n_heads": 4}
ACT |= {"latent_dim": 6, "dim_feedforward": 64, "n_encoder_layers": 2, "n_vae_encoder_layers": 1}
ACT |= {"pretrained_backbone_weights": None}
SMOLVLA: dict[str, Any] = {"chunk_size": 6, "n_action_steps": 3, "max_action_dim": 5}
SMOLVLA |= {"max_state_dim": 4, "num_steps": 3, "num_vlm_layers": 2, "num_expert_layers": 2}
SMOLVLA |= {"resize_imgs_with_padding": (64, 64), "tokenizer_max_length": 8}
SMOLVLA |= {"expert_width_multiplier": 1.0, "load_vlm_weights": False}
KINDS: dict[str, tuple[str, dict[str, PolicyFeature], dict[str, Any]]] = {
    "diffusion": ("diffusion", STATES, DIFFUSION),
    "diffusion_of_one": ("diffusion", STATES, DIFFUSION | {"n_obs_steps": 1}),
    "diffusion_of_three": ("diffusion", STATES, DIFFUSION | {"n_obs_steps": 3}),
    "diffusion_ddpm": ("diffusion", STATES, DIFFUSION | {"noise_scheduler_type": "DDPM"}),
    "diffusion_sees": ("diffusion", PICTURES, DIFFUSION | {"crop_shape": (40, 56)}),
    "diffusion_sees_resized": (
        "diffusion",
        PICTURES,
        DIFFUSION | RESIZED | {"use_separate_rgb_encoder_per_camera": True},
    ),
    "act": ("act", STATES, ACT),
    "act_pusht": ("act", PUSHT, ACT),
    "act_lift": ("act", LIFT, ACT),
    "act_sees": ("act", PICTURES, ACT),
    "act_without_latent": ("act", STATES, ACT | {"use_vae": False}),
    "act_ensembles": ("act", STATES, ACT | {"n_action_steps": 1, "temporal_ensemble_coeff": 0.01}),
    "smolvla_sees": ("smolvla", PICTURES, SMOLVLA),
    "smolvla_sees_half": ("smolvla", PICTURES, SMOLVLA | {"load_vlm_weights": True}),
}


def statistics(features: dict[str, PolicyFeature]) -> dict[str, dict[str, Tensor]]:
    """Statistics of features, of every mode."""
    generator = torch.Generator().manual_seed(0)
    shapes = {name: f.shape for name, f in features.items()}
    found = {}
    for name, shape in shapes.items():
        size = (3, 1, 1) if len(shape) == 3 else shape
        mean = torch.rand(size, generator=generator)
        spread = torch.rand(size, generator=generator) + 0.5
        found[name] = {"mean": mean, "std": spread, "min": mean - spread, "max": mean + spread}
        found[name] |= {"q01": mean - spread, "q99": mean + spread}
    return found


def save(name: str, folder: Path) -> Path:
    """Save a policy of a kind with both processors.

    Returns:
        The folder.
    """
    kind, inputs, settings = KINDS[name]
    if kind == "smolvla":
        from tests.lerobot.language import save_backbone

        settings = settings | {"vlm_model_name": str(save_backbone(folder / "backbone"))}
    outputs = {"action": feature("ACTION", 7 if inputs is LIFT else 2)}
    config = make_policy_config(
        kind,
        input_features=inputs,
        output_features=outputs,
        device="cpu",
        **settings,
    )
    torch.manual_seed(0)
    policy = get_policy_class(kind)(config).eval()
    for part in (
        policy,
        *make_pre_post_processors(config, dataset_stats=statistics(inputs | outputs)),
    ):
        part.save_pretrained(folder)
    return folder


def observations(name: str, rows: int, seed: int = 0) -> Any:
    """Observations as an environment of ours shows them, of one step."""
    generator = np.random.default_rng(seed)
    if "sees" not in name:
        return generator.random((rows, 7), np.float32)
    shown = {camera: generator.integers(0, 256, (rows, *SIZE, 3), np.uint8) for camera in CAMERAS}
    return {"state": generator.random((rows, 3), np.float32), **shown}


def as_lerobot(seen: Any) -> dict[str, Tensor]:
    """The same as environments of LeRobot's show them."""
    if not isinstance(seen, dict):
        state, environment = map(np.ascontiguousarray, np.split(seen, [3], 1))
        return {STATE: torch.from_numpy(state), ENVIRONMENT: torch.from_numpy(environment)}
    found = {STATE: torch.from_numpy(seen["state"])}
    for camera in CAMERAS:
        pixels = torch.from_numpy(seen[camera]).permute(0, 3, 1, 2).contiguous()
        found[f"observation.images.{camera}"] = pixels.type(torch.float32) / 255
    return found


class Reference:
    """LeRobot's own policy and processors, loaded by LeRobot, asked as ``lerobot-eval`` asks."""

    def __init__(self, folder: Path) -> None:
        kind = PreTrainedConfig.from_pretrained(folder).type
        self.policy: Any = get_policy_class(kind).from_pretrained(folder)
        self.before, self.after = make_pre_post_processors(self.policy.config, str(folder))
        self.policy.reset()

    def chunk(self, seen: Any, noise: np.ndarray) -> np.ndarray:
        """A whole chunk, by ``predict_action_chunk``. Shape ``(B, H, A)``."""
        rows = len(seen["state"])
        batch = self.before({**as_lerobot(seen), "task": [TASK] * rows})
        chunk = self.policy.predict_action_chunk(batch, noise=torch.from_numpy(noise.copy()))
        return np.asarray(self.after(chunk))

    def act(self, seen: Any, **options: Any) -> np.ndarray:
        """One action, by ``select_action``. Shape ``(B, A)``."""
        rows = len(seen["state"] if isinstance(seen, dict) else seen)
        batch = self.before({**as_lerobot(seen), "task": [TASK] * rows})
        action: np.ndarray = self.after(self.policy.select_action(batch, **options)).numpy()
        return action


def history(shown: list[Any], n_obs_steps: int) -> Any:
    """Observations of the last steps, the first repeated, as the toolkit shows them."""
    last = [shown[max(i, 0)] for i in range(len(shown) - n_obs_steps, len(shown))]
    if not isinstance(last[0], dict):
        return np.concatenate(last, 1)
    found = {"state": np.concatenate([seen["state"] for seen in last], 1)}
    for camera in CAMERAS:
        for ago, seen in enumerate(reversed(last)):
            found[f"{camera}-{ago}" if ago else camera] = seen[camera]
    return found


def noises(policy: Any, rows: int, decisions: int = 1) -> np.ndarray:
    """Noise for some decisions. Shape ``(decisions, B, *noise_shape)``."""
    shape = (decisions, rows, *policy.noise_shape)
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def spied(monkeypatch: Any, place: Any, name: str) -> list[Any]:
    """Count the calls of a method, which are passed on."""
    calls, whole = [], getattr(place, name)

    def spy(*args: Any, **options: Any) -> Any:
        calls.append((args, options))
        return whole(*args, **options)

    monkeypatch.setattr(place, name, spy)
    return calls
