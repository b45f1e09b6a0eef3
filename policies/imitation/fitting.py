"""Training loop that fits a network to pairs of arrays, with a moving average of its weights."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, Generic, NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from policies.demonstrations import Demonstrations
from policies.frozen import FrozenPolicy
from policies.imitation.config import BottleneckConfig
from policies.imitation.optimization import (
    AnySamples,
    Learner,
    Loss,
    Optimization,
    TrainingDivergedError,
)
from policies.imitation.pace import Pace
from policies.imitation.picture_samples import PictureSamples
from policies.imitation.samples import Samples
from policies.imitation.unfinished import UnfinishedFit
from policies.imitation.versions import versions
from policies.model.vib_flow import VibFlow
from policies.pictures.png import encode_frames
from policies.progress import progress_bar

__all__ = ["Fitted", "Loss", "Samples", "TrainingDivergedError", "fit", "freeze", "versions"]

_LEAST = 1e-6
"""Smallest spread of a latent over demonstrations that never change."""


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
    samples: AnySamples,
    config: BottleneckConfig,
    *,
    after_step: Callable[[int, Learner], None] | None = None,
    progress: bool = True,
    title: str = "fit",
    unfinished: UnfinishedFit | None = None,
    remarks: dict[str, list[Any]] | None = None,
) -> Fitted[Learner]:
    """Minimise a loss by AdamW on random batches; keep a moving average of the weights.

    Args:
        learner: What learns; changed in place.
        loss: Its loss.
        samples: What it learns from.
        config: Settings.
        after_step: Told of every step's number, from 1, and of the average as it is then; of the
            last one before an interruption a second time.
        progress: Whether to draw a progress bar on stderr.
        title: What the bar says is going on.
        unfinished: Where the state is kept now and then, and gone on from; the outcome is the same
            to the bit.
        remarks: Lists that ``after_step`` appends to, to be kept with the state.

    Raises:
        TrainingDivergedError: A loss is no longer finite.
        KeyboardInterrupt: The end was requested; with ``unfinished``, the state is kept.

    Example:
        >>> def loss(line, x, y, generator):
        ...     return {"loss": (line(x) - y).square().mean()}
        >>> x = torch.linspace(-1, 1, 64)[:, None]
        >>> config = BottleneckConfig(steps=600, learning_rate=0.1, ema_decay=0.9)
        >>> samples = Samples(train=(x, 2 * x), held_out=None, all=(x, 2 * x))
        >>> _ = torch.manual_seed(0)
        >>> line, losses = fit(torch.nn.Linear(1, 1), loss, samples, config, progress=False)
        >>> round(line.weight.item(), 3)
        2.0
    """
    optimization = Optimization(learner, config, samples, {} if remarks is None else remarks)
    start = optimization.resume(title, unfinished)
    bar = progress_bar(
        total=config.steps, initial=start, disable=not progress, desc=title, unit="step"
    )
    pace = Pace(config.steps, start, samples.frames_per_step, say if progress else lambda _: None)
    with bar, unfinished.listening() if unfinished else nullcontext():
        if start:  # what is told of it may have been cut off
            _tell(optimization, start, after_step, unfinished)
        for step in range(start + 1, config.steps + 1):
            optimization.step(step, loss)
            bar.update()
            pace.after_step(step)
            if step % config.log_every == 0 or step == config.steps:
                terms = optimization.measure(step, loss)
                shown = {k: f"{v:.4f}" for k, v in terms.items() if k.endswith("flow")}
                rate = pace.frames_per_second(step)
                bar.set_postfix({**shown, "frames/s": rate} if rate else shown)
            if unfinished is not None:
                unfinished.after_step(partial(optimization.state, step))
            _tell(optimization, step, after_step, unfinished)
    return Fitted(optimization.average, optimization.losses)


def _tell(
    optimization: Optimization[Learner],
    step: int,
    after_step: Callable[[int, Learner], None] | None,
    unfinished: UnfinishedFit | None,
) -> None:
    """Tell of a step, which may take minutes of playing: Ctrl-C need not wait for its end.

    Whatever happens there, the training so far is kept.
    """
    if after_step is None:
        return
    try:
        with unfinished.at_once() if unfinished else nullcontext():
            after_step(step, optimization.average)
    except (KeyboardInterrupt, Exception):
        if unfinished is not None:
            unfinished.interrupted(optimization.state(step))
        raise


def say(text: str) -> None:
    """Write a line beside a progress bar."""
    tqdm.write(text, file=sys.stderr)


@torch.inference_mode()
def freeze(
    model: VibFlow,
    observations: Tensor | PictureSamples,
    demonstrations: Demonstrations,
    training: Mapping[str, Any],
    *,
    embedded: bool = False,
) -> FrozenPolicy:
    """Freeze a model with the statistics of its latent.

    Args:
        model: What was fitted.
        observations: Those of the demonstrations, raw. Shape ``(N, O)``; or samples with pictures.
        demonstrations: What it was fitted to.
        training: Summary for the checkpoint's description.
        embedded: Whether the observations are embeddings, of shape ``(N, F)``.
    """
    if embedded and isinstance(observations, Tensor):
        posterior = model.bottleneck.encode(observations)
        mean, std = posterior.mean.double(), posterior.std.double()
    else:
        mean, std = (part.double() for part in _posterior(model, observations))
    latent = {
        "mean": mean.mean(0).tolist(),
        "std": mean.std(0, correction=0).clamp_min(_LEAST).tolist(),
        "rms": mean.square().mean(0).sqrt().clamp_min(_LEAST).tolist(),
        "posterior_std": std.mean(0).tolist(),
        "covariance": torch.atleast_2d(torch.cov(mean.T, correction=0)).tolist(),
    }
    metadata = {
        "observation_keys": demonstrations.observation_dims,
        "env_args": demonstrations.env_args,
        "latent": latent,
        "training": dict(training),
        **({} if demonstrations.rate is None else {"rate": demonstrations.rate}),
        **_pictures(demonstrations, model),
    }
    return FrozenPolicy(model, metadata)


def _posterior(model: VibFlow, observations: Tensor | PictureSamples) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of the latent of all observations, on the CPU."""
    if isinstance(observations, Tensor):
        _, posterior = model.encode(observations)
        return posterior.mean, posterior.std
    parts = [model.encode(shown)[1] for shown, _ in observations.blocks()]
    mean, std = (torch.cat([getattr(p, name).cpu() for p in parts]) for name in ("mean", "std"))
    return mean, std


def _pictures(demonstrations: Demonstrations, model: VibFlow) -> dict[str, Any]:
    """Describe the frames that a policy has learned from, with one of each camera."""
    eyes, settings = model.config.pictures, demonstrations.picture_settings
    if eyes is None or settings is None:
        return {}
    first = demonstrations.trajectories[0].frames
    frames = {camera: first[camera][0] for camera in eyes.cameras}
    return {"pictures": settings.to_dict(), "reference_frames": encode_frames(frames)}
