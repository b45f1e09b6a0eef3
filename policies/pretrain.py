"""Imitation: fit a VIB flow policy to demonstrations.

``python -m policies.pretrain --demonstrations demos/lift.hdf5 --out policies/lift``
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
import platform
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata as packages
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor

from policies.dataset import chunk_dataset
from policies.demonstrations import Demonstrations
from policies.errors import ZprlError
from policies.frozen import FrozenPolicy
from policies.pretrain_config import PretrainConfig
from policies.progress import progress_bar
from policies.vib_flow import VibFlow

_WARMUP_STEPS = 100


@dataclass
class _Data:
    """Training and held-out chunks as tensors."""

    train: tuple[Tensor, Tensor]
    held_out: tuple[Tensor, Tensor] | None
    all: tuple[Tensor, Tensor]


def pretrain(
    demonstrations: Demonstrations,
    config: PretrainConfig,
    *,
    evaluate: Callable[[FrozenPolicy], float] | None = None,
    progress: bool = True,
    provenance: dict[str, Any] | None = None,
) -> FrozenPolicy:
    """Fit encoder, flow head and bottleneck jointly; return the moving average of the weights.

    The returned policy is the last one, whatever the evaluations said: choosing the best would
    make its success rate look better than it is.

    Args:
        demonstrations: Episodes to imitate.
        config: Settings.
        evaluate: Success rate of a policy in its environment, asked every ``eval_every`` steps
            and at the end; this package knows no environment.
        progress: Whether to draw a progress bar on stderr.
        provenance: Added to the training summary, such as the file's hash and the command.

    Raises:
        ConfigurationError: If the settings make no model.
    """
    began = time.perf_counter()
    data = _tensors(demonstrations, config)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        model = VibFlow(
            config.model_config(
                data.all[0].shape[-1], demonstrations.trajectories[0].actions.shape[1]
            )
        )
    model.normalizer.fit(data.all[0].cpu().numpy(), data.all[1][:, 0].cpu().numpy())
    model.to(config.device)
    average = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=config.learning_rate,
        betas=(0.95, 0.999),
        weight_decay=config.weight_decay,
        fused=True,
    )
    generator = torch.Generator(config.device).manual_seed(config.seed)
    weights: list[Tensor] = list(model.parameters())
    averages: list[Tensor] = list(average.parameters())

    curve: list[dict[str, float]] = []
    successes: list[dict[str, float]] = []
    observations, chunks = data.train
    bar = progress_bar(total=config.steps, disable=not progress, desc="pretrain", unit="step")
    for step in range(1, config.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config.steps)
        rows = torch.randint(
            len(observations), (config.batch_size,), generator=generator, device=config.device
        )
        loss = model.loss(
            observations[rows],
            chunks[rows],
            beta=config.beta,
            reconstruction_weight=config.w_rec,
            generator=generator,
        )
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        decay = min(config.ema_decay, step / (step + 10))
        torch._foreach_lerp_(averages, weights, 1 - decay)

        bar.update()
        last = step == config.steps
        if step % config.log_every == 0 or last:
            curve.append({"step": step, **_losses(average, data, config)})
            bar.set_postfix({k: f"{v:.4f}" for k, v in curve[-1].items() if k.endswith("flow")})
        if evaluate is not None and (step % config.eval_every == 0 or last):
            rate = float(evaluate(_freeze(average, data, demonstrations, {})))
            successes.append({"step": step, "success_rate": rate})
            bar.write(f"step {step}: success rate {rate:.2f}", file=sys.stderr)
    bar.close()
    training = {
        **dataclasses.asdict(config),
        "demonstrations": len(demonstrations.trajectories),
        "samples": len(data.all[0]),
        "losses": curve,
        "success_rates": successes,
        "seconds": round(time.perf_counter() - began, 1),
        "versions": {
            "python": platform.python_version(),
            **{name: packages.version(name) for name in ("torch", "numpy", "safetensors")},
        },
        **(provenance or {}),
    }
    return _freeze(average, data, demonstrations, training)


def _tensors(demonstrations: Demonstrations, config: PretrainConfig) -> _Data:
    episodes = demonstrations.trajectories
    order = np.random.default_rng(config.seed).permutation(len(episodes))
    n_held_out = math.ceil(config.val_fraction * len(episodes)) if len(episodes) > 1 else 0

    def tensors(indices: np.ndarray) -> tuple[Tensor, Tensor]:
        chosen = [episodes[i] for i in indices]
        dataset = chunk_dataset(chosen, demonstrations.observation_keys, config.horizon)
        observations, chunks = (torch.from_numpy(array).to(config.device) for array in dataset)
        return observations, chunks

    return _Data(
        train=tensors(order[n_held_out:]),
        held_out=tensors(order[:n_held_out]) if n_held_out else None,
        all=tensors(np.arange(len(episodes))),
    )


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine to zero."""
    warmup = min(_WARMUP_STEPS, steps // 2 + 1)
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@torch.inference_mode()
def _losses(model: VibFlow, data: _Data, config: PretrainConfig) -> dict[str, float]:
    """The averaged weights' losses, with the same noise each time so that they compare."""
    out: dict[str, float] = {}
    for name, part in (("", data.train), ("val_", data.held_out)):
        if part is None:
            continue
        generator = torch.Generator(config.device).manual_seed(0)
        rows = torch.randperm(len(part[0]), generator=generator, device=config.device)[:4096]
        loss = model.loss(
            part[0][rows],
            part[1][rows],
            beta=config.beta,
            reconstruction_weight=config.w_rec,
            generator=generator,
        )
        terms = {"loss": loss.total, "flow": loss.flow, "vib_flow": loss.vib.flow}
        terms |= {"kl": loss.vib.kl, "reconstruction": loss.vib.reconstruction}
        out |= {name + term: float(value) for term, value in terms.items()}
    return out


@torch.inference_mode()
def _freeze(
    model: VibFlow, data: _Data, demonstrations: Demonstrations, training: dict[str, Any]
) -> FrozenPolicy:
    _, posterior = model.encode(data.all[0])
    mean, std = posterior.mean.double(), posterior.std.double()
    latent = {
        "mean": mean.mean(0).tolist(),
        "std": mean.std(0, correction=0).tolist(),
        "rms": mean.square().mean(0).sqrt().tolist(),
        "posterior_std": std.mean(0).tolist(),
    }
    metadata = {
        "observation_keys": demonstrations.observation_dims,
        "env_args": demonstrations.env_args,
        "latent": latent,
        "training": training,
    }
    return FrozenPolicy(model, metadata)


@dataclass(frozen=True, kw_only=True)
class Arguments(PretrainConfig):
    """Train a steerable imitation policy from demonstrations in robomimic's HDF5 layout."""

    demonstrations: Path
    """HDF5 file of demonstrations, recorded with this project or by robomimic."""
    out: Path
    """Folder for the checkpoint: policy.safetensors and policy.json."""
    observation_keys: tuple[str, ...] = ()
    """Observations the policy sees, in order; by default those the file names."""
    mask: str | None = None
    """Use only the episodes of this robomimic filter key, such as "train"."""


def main(arguments: Arguments) -> None:
    """Read demonstrations, train, write the checkpoint."""
    torch.set_num_threads(1)  # small networks: more threads wait for each other
    demonstrations = Demonstrations.load(
        arguments.demonstrations, arguments.observation_keys or None, arguments.mask
    )
    names = [field.name for field in dataclasses.fields(PretrainConfig)]
    provenance = {
        "demonstrations_sha256": hashlib.sha256(arguments.demonstrations.read_bytes()).hexdigest(),
        "command": shlex.join(["python", "-m", "policies.pretrain", *sys.argv[1:]]),
    }
    config = PretrainConfig(**{name: getattr(arguments, name) for name in names})
    policy = pretrain(demonstrations, config, provenance=provenance)
    policy.save(arguments.out)
    print(f"saved {arguments.out} ({policy.weights_hash[:12]})")


if __name__ == "__main__":
    try:
        main(tyro.cli(Arguments))
    except ZprlError as error:
        sys.exit(f"error: {error}")
