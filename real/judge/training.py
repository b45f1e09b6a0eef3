"""Training of a judge on recorded episodes, with folds that validate it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from policies.pictures.config import EyesConfig
from real.judge.examples import Example, folds
from real.judge.eyes import PolicyEyes
from real.judge.network import JudgeNetwork
from real.judge.threshold import Scored, Validation, choose
from zprl_env.errors import ConfigurationError

BLOCK = 256
"""Steps that are scored at a time."""
DECAY = 0.1
"""Decay of the weights: there are few episodes, and many numbers that each shows."""


@dataclass(frozen=True)
class Fit:
    """Settings of a judge's training.

    Attributes:
        steps: Gradient steps.
        batch_size: Steps of episodes in each, half of which show a success.
        learning_rate: AdamW's.
        folds: Parts that the episodes are split into for validation.
        in_a_row: Steps in a row that have to show a success.
        false_share: Share of the episodes that may be false successes.
        seed: Of everything.
    """

    steps: int = 600
    batch_size: int = 128
    learning_rate: float = 1e-3
    folds: int = 5
    in_a_row: int = 3
    false_share: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "learning_rate", "in_a_row"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} must be above 0. Got: {getattr(self, name)}.")
        if self.folds < 2 or not 0.0 <= self.false_share < 1.0:
            raise ConfigurationError(
                f"folds must be at least 2 and false_share in [0, 1). Got: {self.folds} and "
                f"{self.false_share}."
            )


def fit(
    examples: Sequence[Example], eyes: EyesConfig | PolicyEyes | None, settings: Fit
) -> JudgeNetwork:
    """Fit a judge's network; what shows a success and what does not are drawn equally often.

    Args:
        examples: Episodes to learn from.
        eyes: Cameras and their network, or those of a policy, by which the examples were seen; None
            for states alone.
        settings: Settings.
    """
    looks, cameras = (eyes.config, eyes) if isinstance(eyes, PolicyEyes) else (eyes, None)
    rng = np.random.default_rng(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.seed)
        network = JudgeNetwork(examples[0].states.shape[1], looks, cameras is not None)
    if cameras is not None and network.encoder is not None:
        network.encoder.cameras.load_state_dict(cameras.encoder.cameras.state_dict())
    seen = [example.seen for example in examples if example.seen is not None]
    states = np.concatenate([example.states for example in examples])
    network.fit_units(states, np.concatenate(seen) if network.frozen else None)
    places = [
        np.array([(n, t) for n, e in enumerate(examples) for t in np.flatnonzero(getattr(e, kind))])
        for kind in ("done", "not_done")
    ]
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, settings.learning_rate, weight_decay=DECAY)
    half = max(1, settings.batch_size // 2)
    targets = torch.cat([torch.ones(half), torch.zeros(half)])
    for _ in range(settings.steps):
        rows = np.concatenate([of[rng.integers(len(of), size=half)] for of in places])
        states = _stacked([examples[n].states[t] for n, t in rows])
        if network.frozen:
            logits = network(states, {}, _stacked([seen[n][t] for n, t in rows]))
        else:
            logits = network(states, _shown(examples, rows, looks, rng))
        loss = binary_cross_entropy_with_logits(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def _stacked(rows: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(rows))


def _shown(
    examples: Sequence[Example],
    rows: np.ndarray,
    eyes: EyesConfig | None,
    rng: np.random.Generator,
) -> dict[str, Tensor]:
    """Return the frames of some steps, each cropped at a place of its own."""
    if eyes is None:
        return {}
    shown = {}
    for camera in eyes.cameras:
        frames = [examples[n].frames[camera][int(t)] for n, t in rows.tolist()]
        shown[camera] = torch.from_numpy(eyes.preprocessing.random_crops(frames, rng))
    return shown


@torch.no_grad()
def score(network: JudgeNetwork, example: Example) -> np.ndarray:
    """Return the probability of success at every step of an episode. Shape ``(T,)``."""
    cameras = () if network.eyes is None else network.eyes.cameras
    parts = []
    for begin in range(0, len(example.states), BLOCK):
        part = slice(begin, begin + BLOCK)
        states, seen = torch.from_numpy(example.states[part]), None
        frames: dict[str, Tensor] = {}
        if network.frozen and example.seen is not None:
            seen = torch.from_numpy(example.seen[part])
        else:
            frames = {c: torch.from_numpy(np.asarray(example.frames[c][part])) for c in cameras}
        parts.append(torch.sigmoid(network(states, frames, seen)))
    return torch.cat(parts).numpy()


def cross_validated(
    examples: Sequence[Example],
    eyes: EyesConfig | PolicyEyes | None,
    rate: float,
    settings: Fit,
    say: Callable[[str], object] = lambda text: None,
) -> tuple[JudgeNetwork, Validation, list[Scored]]:
    """Fit a judge on all episodes, and validate it by judges that have not seen them.

    Args:
        examples: Episodes.
        eyes: As `fit` takes them.
        rate: Steps per second [Hz].
        settings: Settings.
        say: Told of every fold.

    Returns:
        The network, its validation and, episode by episode, what a judge that had not seen it said.
    """
    scored: list[Scored | None] = [None] * len(examples)
    parts = folds(examples, settings.folds, settings.seed)
    for number, out in enumerate(parts, start=1):
        others = [example for n, example in enumerate(examples) if n not in out]
        network = fit(others, eyes, settings)
        for n in out:
            example = examples[n]
            scored[n] = Scored(
                score(network, example), example.not_done, example.done, example.success
            )
        say(f"fold {number} of {len(parts)}")
    told = [one for one in scored if one is not None]
    validation = choose(told, settings.in_a_row, rate, settings.false_share)
    return fit(examples, eyes, settings), validation, told
