"""Fitting a bottleneck onto a policy that was trained elsewhere, by its own loss alone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.demonstrations import Demonstrations, Trajectory
from policies.errors import DemonstrationError, PolicyMismatchError
from policies.foreign.bottleneck import FittedBottleneck
from policies.foreign.generator import ForeignGenerator, Sizes, batch_of, read_sizes
from policies.foreign.modules import freeze
from policies.foreign.policy import ForeignPolicy
from policies.imitation.config import BottleneckConfig
from policies.imitation.device import torch_threads
from policies.imitation.fitting import fit
from policies.imitation.samples import Pair, Samples, held_out_episodes
from policies.imitation.unfinished import UnfinishedFit
from policies.imitation.versions import versions
from policies.model.bottleneck import kl_to_standard_normal
from policies.pictures.settings import STATE

BLOCK = 256
"""Observations that are embedded at a time."""
WORSE = 1.1
"""Ratio of the generator's loss behind the bottleneck to its own from which a fit is warned of."""


def fit_foreign_bottleneck(
    generator: ForeignGenerator,
    demonstrations: Demonstrations,
    config: BottleneckConfig,
    *,
    progress: bool = True,
    provenance: dict[str, Any] | None = None,
    unfinished: UnfinishedFit | None = None,
) -> ForeignPolicy:
    """Minimise L(dec(z)) + beta KL + w_rec MSE(dec(z), c) over a bottleneck; L is the policy's own.

    The policy is detached: neither its weights nor its condition learn. The condition is
    standardised first.

    Args:
        generator: The policy.
        demonstrations: Episodes of its task, best those it was trained on.
        config: Settings.
        progress: Whether to draw a progress bar on stderr.
        provenance: Added to the training summary.
        unfinished: Where the state of the fit is kept and gone on from.

    Returns:
        The policy with its bottleneck. ``metadata["training"]`` has its losses: ``flow`` behind the
        bottleneck, ``base_flow`` from the condition itself.

    Raises:
        PolicyMismatchError: The policy has no loss, or the demonstrations are not of its sizes.
    """
    began = time.perf_counter()
    sizes = read_sizes(generator)
    if not callable(getattr(generator, "loss", None)):
        raise PolicyMismatchError(
            f"A bottleneck is fitted by the policy's own loss. Got: {type(generator).__name__} "
            "without loss(condition, actions). Give it one, or steer its noise."
        )
    if hasattr(generator, "summarize"):
        raise PolicyMismatchError(
            "A bottleneck is fitted onto a condition that is a row of numbers. Got: "
            f"{type(generator).__name__} with summarize(condition). Steer its noise or its own "
            "latent."
        )
    freeze(generator)
    samples = condition_samples(generator, sizes, demonstrations, config)
    conditions = samples.all[0]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        learner = FittedBottleneck(
            conditions.shape[1], config.latent_dim, config.bottleneck_hidden_dims
        )
    learner.standardise_by(conditions)

    def own(condition: Tensor, actions: Tensor, seed: int) -> Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            loss: Tensor = generator.loss(condition, actions)
        return loss

    def loss(
        fitted: FittedBottleneck, condition: Tensor, actions: Tensor, chance: torch.Generator
    ) -> dict[str, Tensor]:
        seed = int(torch.randint(2**31, (1,), generator=chance))
        posterior = fitted.encode(condition)
        z = posterior.sample(chance)
        restored = fitted.net.decode(z)
        flow = own(fitted.shift + fitted.span * restored, actions, seed)
        kl = kl_to_standard_normal(posterior)
        reconstruction = (restored - fitted.standard(condition)).square().mean()
        total = flow + config.beta * kl + config.w_rec * reconstruction
        terms = {"loss": total, "flow": flow, "kl": kl, "reconstruction": reconstruction}
        if torch.is_inference_mode_enabled():  # to compare with, when it is measured
            terms["base_flow"] = own(condition, actions, seed)
        return terms

    with torch_threads(config.threads or 1):
        average, losses = fit(
            learner,
            loss,
            samples,
            config,
            progress=progress,
            title="fit bottleneck",
            unfinished=unfinished,
        )
    average.measure_latent(conditions)
    warn_if_worse(losses[-1])
    earlier = unfinished.seconds if unfinished else 0.0
    training = {
        **asdict(config),
        "demonstrations": len(demonstrations.trajectories),
        "samples": len(conditions),
        "losses": losses,
        "seconds": round(time.perf_counter() - began + earlier, 1),
        "versions": versions(),
        **(provenance or {}),
    }
    described = {
        "observation_keys": demonstrations.observation_dims,
        "env_args": demonstrations.env_args,
        "training": training,
        "ranges": _ranges(demonstrations),
        **({} if demonstrations.rate is None else {"rate": demonstrations.rate}),
    }
    return ForeignPolicy(generator, average.eval().requires_grad_(False), described)


def _ranges(demonstrations: Demonstrations) -> dict[str, list[list[float]]]:
    """Return smallest and largest observations and actions, as values of JSON."""
    episodes, keys = demonstrations.trajectories, demonstrations.observation_keys
    found = {
        "observation": [episode.flat_observations(keys) for episode in episodes],
        "action": [episode.actions for episode in episodes],
    }
    return {
        name: [
            np.min([part.min(0) for part in parts], axis=0).tolist(),
            np.max([part.max(0) for part in parts], axis=0).tolist(),
        ]
        for name, parts in found.items()
    }


def warn_if_worse(losses: dict[str, float]) -> None:
    """Warn of a fit that was too short: the policy does worse behind its bottleneck.

    Args:
        losses: The last of a fit's.
    """
    part = "val_" if "val_flow" in losses else ""
    behind, own = losses[f"{part}flow"], losses[f"{part}base_flow"]
    if behind > WORSE * own:
        warnings.warn(
            f"The policy's own loss is {behind:.4g} behind the bottleneck, {own:.4g} without it: "
            "it will succeed less often than it did. Fit for more --steps, with a larger "
            "--latent-dim or a smaller --beta.",
            UserWarning,
            stacklevel=3,
        )


def condition_samples(
    generator: ForeignGenerator,
    sizes: Sizes,
    demonstrations: Demonstrations,
    config: BottleneckConfig,
) -> Samples:
    """Pair the conditions of demonstrated observations with the chunks around them.

    Args:
        generator: The policy.
        sizes: Its sizes.
        demonstrations: The episodes.
        config: Which share of the episodes is held out, by which seed.

    Raises:
        PolicyMismatchError: Observations or actions are not of the policy's size.
        DemonstrationError: There are no frames of a camera.
    """
    episodes = demonstrations.trajectories
    if (got := episodes[0].actions.shape[1]) != sizes.action_dim:
        raise PolicyMismatchError(
            f"the demonstrations' actions must have the policy's size {sizes.action_dim}. "
            f"Got: {got}. Use demonstrations of the policy's own task."
        )
    keys = demonstrations.observation_keys
    pairs: list[Pair] = []
    for episode in episodes:
        shown = _observations(generator, episode, keys, sizes.n_obs_steps)
        pairs.append((_embedded(generator, shown), _chunks(episode.actions, sizes)))
    out = {int(number) for number in held_out_episodes(len(episodes), config)}

    def together(numbers: Sequence[int]) -> Pair:
        return tuple(torch.cat(parts) for parts in zip(*(pairs[i] for i in numbers), strict=True))  # type: ignore[return-value]

    every = range(len(episodes))
    return Samples(
        together([number for number in every if number not in out]),
        together(sorted(out)) if out else None,
        together(every),
    )


def _observations(generator: Any, episode: Trajectory, keys: Sequence[str], history: int) -> Any:
    """Return an episode's observations as the environment would show them, with their history."""
    state = episode.flat_observations(keys)
    expected = getattr(generator, "observation_dim", state.shape[1])
    if state.shape[1] != expected:
        raise PolicyMismatchError(
            f"the demonstrations' observations must have the policy's size {expected}. Got: "
            f"{state.shape[1]}, of {', '.join(keys)}. Choose them by --keys."
        )
    cameras = tuple(getattr(generator, "cameras", ()))
    if missing := [name for name in cameras if name not in episode.frames]:
        raise DemonstrationError(
            f"demonstrations must have frames of the policy's cameras {', '.join(cameras)}. Got "
            f"none of {', '.join(missing)}. Record them with --cameras."
        )
    if not cameras:
        return with_history(state, history)
    frames = {name: with_history(np.asarray(episode.frames[name][:]), history) for name in cameras}
    return frames | ({STATE: with_history(state, history)} if state.shape[1] else {})


def with_history(values: np.ndarray, steps: int) -> np.ndarray:
    """Put the values of earlier steps before each, the first one repeated.

    >>> with_history(np.array([[1], [2], [3]]), 2).squeeze(-1).tolist()
    [[1, 1], [1, 2], [2, 3]]
    """
    if steps == 1:
        return values
    back = np.arange(len(values))[:, None] + np.arange(1 - steps, 1)
    windows: np.ndarray = values[np.maximum(back, 0)]
    return windows


@torch.inference_mode()
def _embedded(generator: Any, shown: Any) -> Tensor:
    """Embed an episode's observations. Shape ``(T, C)``."""
    length = len(next(iter(shown.values())) if isinstance(shown, dict) else shown)
    parts = []
    for begin in range(0, length, BLOCK):
        rows = slice(begin, begin + BLOCK)
        asked = (
            {name: part[rows] for name, part in shown.items()}
            if isinstance(shown, dict)
            else shown[rows]
        )
        batch = batch_of(generator, asked)
        parts.append(generator.embed(batch).float().cpu())
    return torch.cat(parts).clone()


def _chunks(actions: np.ndarray, sizes: Sizes) -> Tensor:
    """Return the chunk around each step, past actions first. Shape ``(T, past + H, A)``."""
    around = np.arange(-sizes.past_actions, sizes.horizon)
    steps = np.clip(np.arange(len(actions))[:, None] + around, 0, len(actions) - 1)
    return torch.from_numpy(actions.astype(np.float32)[steps])
