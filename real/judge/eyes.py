"""Eyes of a policy, which a judge looks through as they are: nothing of them is learned anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from policies.model.eyes import PictureEncoder
from policies.pictures.config import EyesConfig
from policies.pictures.settings import PictureSettings
from real.judge.examples import Example
from zprl_env.errors import ConfigurationError
from zprl_env.loading.resolve import checkpoint_folder

BLOCK = 256
"""Steps that are looked at at a time."""


class PolicyEyes(NamedTuple):
    """Networks of a policy's cameras.

    Attributes:
        config: Cameras, their preprocessing and their networks.
        encoder: The policy's encoder, which has learned.
    """

    config: EyesConfig
    encoder: PictureEncoder

    @torch.no_grad()
    def embedding(self, frames: Mapping[str, Tensor]) -> Tensor:
        """Return what the cameras' networks make of frames, side by side. Shape ``(B, E)``."""
        return embedding(self.encoder, self.config, frames)

    def seen(self, examples: Sequence[Example]) -> list[Example]:
        """Return episodes with what is seen at each of their steps, for it is needed many times."""
        return [example._replace(seen=self._seen(example)) for example in examples]

    def _seen(self, example: Example) -> np.ndarray:
        parts = []
        for begin in range(0, len(example.states), BLOCK):
            part = slice(begin, begin + BLOCK)
            frames = {name: np.array(example.frames[name][part]) for name in self.config.cameras}
            shown = {name: torch.from_numpy(array) for name, array in frames.items()}
            parts.append(self.embedding(shown).numpy())
        return np.concatenate(parts)


def embedding(encoder: PictureEncoder, eyes: EyesConfig, frames: Mapping[str, Tensor]) -> Tensor:
    """Return what each camera's network makes of its frames, side by side. Shape ``(B, E)``."""
    shown = zip(eyes.cameras, encoder.cameras, strict=True)
    return torch.cat([network(encoder.prepare(frames[name])) for name, network in shown], dim=-1)


def policy_eyes(policy: str, pictures: PictureSettings) -> PolicyEyes:
    """Return the eyes of a policy that has learned from such pictures.

    Args:
        policy: Its folder, or the name of a shipped one.
        pictures: Settings of the pictures that the judge is shown.

    Raises:
        CheckpointError: It cannot be loaded.
        ConfigurationError: It has no eyes that are its own, or other cameras or pictures.
    """
    from policies.checkpoints.model import load

    model: nn.Module = load(checkpoint_folder(policy)).model
    encoder = model.encoder
    if not isinstance(encoder, PictureEncoder) or encoder.eyes.is_code:
        raise ConfigurationError(
            f"A judge's eyes must be those of a policy that sees by a network of its own. Got: "
            f"{policy}. Choose another policy, or --encoder small."
        )
    eyes = encoder.eyes
    if not {*eyes.cameras} <= {*pictures.cameras} or eyes.image_size != pictures.image_size:
        raise ConfigurationError(
            f"The recording must show what {policy} sees, {', '.join(eyes.cameras)} of "
            f"{eyes.image_size}. Got: {', '.join(pictures.cameras)} of {pictures.image_size}."
        )
    return PolicyEyes(eyes, encoder.eval().requires_grad_(False))
