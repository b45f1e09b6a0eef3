"""Training loop that fits a network to pairs of arrays, with a moving average of its weights."""

from __future__ import annotations

import copy
import math
import platform
from collections.abc import Callable, Mapping
from importlib import metadata as packages
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from policies.demonstrations import Demonstrations
from policies.frozen import FrozenPolicy
from policies.imitation.config import BottleneckConfig
from policies.imitation.samples import Samples
from policies.model.vib_flow import VibFlow
from policies.progress import progress_bar

_WARMUP_STEPS = 100
_MEASURED_ROWS = 4096

Learner = TypeVar("Learner", bound=nn.Module)

Loss = Callable[[Learner, Tensor, Tensor, torch.Generator], Mapping[str, Tensor]]
"""Terms of the loss of a learner on some rows; ``"loss"`` is the one to minimise."""


class Fitted(NamedTuple, Generic[Learner]):
    """Outcome of :func:`fit`.

    Attributes:
        average: The learner with the moving average of its weights.
        losses: The average's losses now and then: "step", and every term on the training samples
            and, after "val_", on those held out.
    """

    average: Learner
    losses: list[dict[str, float]]


def fit(
    learner: Learner,
    loss: Loss[Learner],
    samples: Samples,
    config: BottleneckConfig,
    *,
    after_step: Callable[[int, Learner], None] | None = None,
    progress: bool = True,
    title: str = "fit",
) -> Fitted[Learner]:
    """Minimise a loss by AdamW on random batches; keep a moving average of the weights.

    Args:
        learner: What learns; changed in place.
        loss: Its loss.
        samples: What it learns from.
        config: Settings.
        after_step: Told of every step's number, from 1, and of the average as it is then.
        progress: Whether to draw a progress bar on stderr.
        title: What the bar says is going on.

    Example:
        >>> def loss(line, x, y, generator):
        ...     return {"loss": (line(x) - y).square().mean()}
        >>> x = torch.linspace(-1, 1, 64)[:, None]
        >>> config = BottleneckConfig(steps=600, learning_rate=0.1, ema_decay=0.9)
        >>> samples = Samples(train=(x, 2 * x), held_out=None, all=(x, 2 * x))
        >>> _ = torch.manual_seed(0)
        >>> line, losses = fit(nn.Linear(1, 1), loss, samples, config, progress=False)
        >>> round(line.weight.item(), 3)
        2.0
    """
    average = copy.deepcopy(learner).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        learner.parameters(),
        lr=config.learning_rate,
        betas=(0.95, 0.999),
        weight_decay=config.weight_decay,
        fused=True,
    )
    generator = torch.Generator(config.device).manual_seed(config.seed)
    weights: list[Tensor] = list(learner.parameters())
    averages: list[Tensor] = list(average.parameters())
    inputs, targets = samples.train

    losses: list[dict[str, float]] = []
    bar = progress_bar(total=config.steps, disable=not progress, desc=title, unit="step")
    for step in range(1, config.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config.steps)
        rows = torch.randint(
            len(inputs), (config.batch_size,), generator=generator, device=config.device
        )
        total = loss(learner, inputs[rows], targets[rows], generator)["loss"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        decay = min(config.ema_decay, step / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - decay)

        bar.update()
        if step % config.log_every == 0 or step == config.steps:
            losses.append({"step": step, **_measure(average, loss, samples, config)})
            bar.set_postfix({k: f"{v:.4f}" for k, v in losses[-1].items() if k.endswith("flow")})
        if after_step is not None:
            after_step(step, average)
    bar.close()
    return Fitted(average, losses)


def _schedule(step: int, steps: int) -> float:
    """Return the learning rate's factor: linear warm-up, then a half cosine to zero."""
    warmup = min(_WARMUP_STEPS, steps // 2 + 1)
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@torch.inference_mode()
def _measure(
    average: Learner, loss: Loss[Learner], samples: Samples, config: BottleneckConfig
) -> dict[str, float]:
    """Measure the averaged weights' losses, with the same noise each time so that they compare."""
    out: dict[str, float] = {}
    for name, part in (("", samples.train), ("val_", samples.held_out)):
        if part is None:
            continue
        generator = torch.Generator(config.device).manual_seed(0)
        rows = torch.randperm(len(part[0]), generator=generator, device=config.device)
        rows = rows[:_MEASURED_ROWS]
        terms = loss(average, part[0][rows], part[1][rows], generator)
        out |= {name + term: float(value) for term, value in terms.items()}
    return out


@torch.inference_mode()
def freeze(
    model: VibFlow,
    observations: Tensor,
    demonstrations: Demonstrations,
    training: Mapping[str, Any],
) -> FrozenPolicy:
    """Freeze a model with the statistics of its latent.

    Args:
        model: What was fitted.
        observations: Those of the demonstrations, raw. Shape ``(N, O)``.
        demonstrations: What it was fitted to.
        training: Summary for the checkpoint's description.
    """
    _, posterior = model.encode(observations)
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
        "training": dict(training),
    }
    return FrozenPolicy(model, metadata)


def versions() -> dict[str, str]:
    """Return the versions of Python and the libraries that the outcome of a fit depends on."""
    names = ("torch", "numpy", "safetensors")
    return {
        "python": platform.python_version(),
        **{name: packages.version(name) for name in names},
    }
