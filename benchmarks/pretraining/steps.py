"""Gradient steps per second of pretraining from cameras, on synthetic frames.

    python -m benchmarks.pretraining.steps --device cuda --seconds 4 > steps.json

It needs torch, numpy, h5py, safetensors, tqdm and tyro: no simulator, and no Gymnasium. So it runs
on a machine that has nothing but a GPU; ``python -m benchmarks.pretraining add steps.json`` keeps
what it found.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
import tyro

from policies.demonstrations import Demonstrations, Trajectory
from policies.imitation.config import PretrainConfig
from policies.imitation.device import resolve_device
from policies.imitation.optimization import Optimization
from policies.imitation.training_samples import training_samples
from policies.pictures.quality import QUALITIES
from policies.pictures.settings import PictureSettings
from policies.pretrain import joint_loss, new_model, resolved

Precision = Literal["mixed", "full"]
CAMERAS, SIZE = ("front", "wrist"), 84
EPISODES, LENGTH, STATE, ACTION = 12, 80, 9, 7
FIRST = 3
"""Steps that are not measured: the first ones choose kernels and fill caches."""
BETWEEN = 2
"""Steps between two looks at the clock, for which a GPU is waited for."""
QUICK = PretrainConfig(hidden_dim=256, n_blocks=3, bottleneck_hidden_dims=(128, 128, 128))
"""Sizes of the policies that are shipped."""
PUBLISHED = PretrainConfig(head="unet", encoder_hidden_dims=())
"""The published head; embeddings and proprioception go into it side by side."""
HEADS = {"mlp": QUICK, "unet": PUBLISHED}


def synthetic(seed: int = 0) -> Demonstrations:
    """Make demonstrations whose frames are noise: 960 steps, two cameras, 41 MB."""
    rng = np.random.default_rng(seed)
    episodes = tuple(
        Trajectory(
            {"state": rng.normal(size=(LENGTH, STATE)).astype(np.float32)},
            rng.uniform(-1, 1, (LENGTH, ACTION)).astype(np.float32),
            np.zeros(LENGTH, np.float32),
            np.zeros(LENGTH, bool),
            frames={
                c: rng.integers(256, size=(LENGTH, SIZE, SIZE, 3), dtype=np.uint8) for c in CAMERAS
            },
        )
        for _ in range(EPISODES)
    )
    settings = PictureSettings(cameras=CAMERAS, image_size=(SIZE, SIZE), quality=QUALITIES["fast"])
    return Demonstrations(episodes, {}, ("state",), picture_settings=settings)


def measure(
    encoder: str,
    head: str,
    *,
    device: str,
    precision: Precision,
    batch_size: int,
    seconds: float,
    threads: int = 0,
) -> dict[str, Any]:
    """Take gradient steps as pretraining does, loader and all.

    Returns:
        Steps per second, frames per second, CPU seconds per step, which a machine's other work
        does not lengthen, millions of weights, and the largest memory [GiB] of a GPU.
    """
    config = resolved(
        replace(
            HEADS[head],
            encoder=encoder,
            device=device,
            precision=precision,
            batch_size=batch_size,
            threads=threads,
        )
    )
    demonstrations = synthetic()
    torch.set_num_threads(config.threads)
    if config.device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
    with training_samples(demonstrations, config, lambda _: None) as samples:
        model = new_model(demonstrations, config, samples)
        optimization, loss = Optimization(model, config, samples, {}), joint_loss(config)
        for step in range(1, FIRST + 1):
            optimization.step(step, loss)
        _wait(config.device)
        began, busy, step = time.perf_counter(), time.process_time(), FIRST
        while time.perf_counter() - began < seconds or step == FIRST:
            for _ in range(BETWEEN):
                step += 1
                optimization.step(step, loss)
            _wait(config.device)
        elapsed, busy = time.perf_counter() - began, time.process_time() - busy
    rate = (step - FIRST) / elapsed
    memory = torch.cuda.max_memory_allocated() / 2**30 if config.device.startswith("cuda") else None
    return {
        "encoder": encoder,
        "head": head,
        "precision": precision if config.device != "cpu" else "full",
        "batch_size": batch_size,
        "threads": config.threads,
        "steps_per_second": rate,
        "frames_per_second": rate * samples.frames_per_step,
        "cpu_seconds_per_step": busy / (step - FIRST),
        "million_weights": sum(weights.numel() for weights in model.parameters()) / 1e6,
        "gpu_gib": memory,
    }


def _wait(device: str) -> None:
    """Wait for a GPU, which computes behind."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def device_name(device: str) -> str:
    """Name a device: the GPU's own, or the processor's kind."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name()
    return "CPU" if device == "cpu" else device


@dataclass(frozen=True)
class Steps:
    """Measure every encoder and head on a device, and print what was found as JSON."""

    device: str = "auto"
    """cpu, cuda or mps; auto takes a GPU if there is one."""
    seconds: float = 4.0
    """Time for each row."""
    encoders: tuple[str, ...] = ("small", "resnet18")
    """Encoders."""
    heads: tuple[Literal["mlp", "unet"], ...] = ("mlp", "unet")
    """Heads: the MLP of the shipped policies, and the published U-Net."""
    batch_sizes: tuple[int, ...] = (64,)
    """Chunks per gradient step."""
    threads: int = 0
    """Threads of torch; 0 takes all cores but one."""

    def rows(self) -> list[dict[str, Any]]:
        """Measure row by row; both precisions on a GPU."""
        device = resolve_device(self.device, pictures=True)
        precisions: tuple[Precision, ...] = (
            ("full", "mixed") if device.startswith("cuda") else ("full",)
        )
        return [
            measure(
                encoder,
                head,
                device=device,
                precision=precision,
                batch_size=size,
                seconds=self.seconds,
                threads=self.threads,
            )
            for encoder in self.encoders
            for head in self.heads
            for precision in precisions
            for size in self.batch_sizes
        ]

    def result(self) -> dict[str, Any]:
        """Return the rows with the device's name."""
        device = resolve_device(self.device, pictures=True)
        return {"device": device_name(device), "torch": torch.__version__, "rows": self.rows()}


if __name__ == "__main__":
    print(json.dumps(tyro.cli(Steps, prog="python -m benchmarks.pretraining.steps").result()))
