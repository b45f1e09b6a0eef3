"""Sizes of a VIB flow policy and the constants of its arithmetic; torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from policies.errors import ConfigurationError
from policies.pictures.config import EyesConfig

HEADS = ("mlp", "unet")

MIN_LOG_VARIANCE, MAX_LOG_VARIANCE = -20.0, 4.0
"""Bounds of the latent's log sigma^2."""

MAX_FREQUENCY = 100.0
"""Highest frequency of the flow time's sinusoids, in radians per unit of time."""

UNET_TIME_DIM = 128
"""Size of the flow time's embedding in the U-Net head."""

MOST: dict[str, int] = {"n_euler_steps": 1000, "n_blocks": 1000, "horizon": 100_000}
MOST_SIZE, MOST_LAYERS = 2**20, 100
"""Largest sizes that are believed, so that a mistyped or damaged one is found before it fills the
memory: of some by name, of all others, and of their number where there are several.
"""


@dataclass(frozen=True)
class VibFlowConfig:
    """Architecture of a VIB flow policy; validated where it is made.

    Attributes:
        observation_dim: Size of a flat observation, O.
        action_dim: Size of an action, A.
        horizon: Length of an action chunk, H.
        n_action_steps: How many actions of a chunk run before the next decision.
        latent_dim: Size of the latent z, D.
        feature_dim: Size of the embedding c, F.
        n_euler_steps: Euler steps from noise to chunk, K.
        encoder_hidden_dims: Hidden widths of the observation encoder.
        bottleneck_hidden_dims: Hidden widths of the bottleneck's encoder and decoder.
        head: ``"mlp"`` (residual FiLM MLP) or ``"unet"`` (conditional 1-D U-Net).
        hidden_dim: Width of the MLP head.
        n_blocks: FiLM blocks of the MLP head.
        embedding_dim: Joint embedding of flow time and condition in the MLP head.
        unet_channels: Channels per resolution of the U-Net head.
        pictures: Cameras and their networks; ``None`` for a policy of states. With them,
            ``observation_dim`` is proprioception's, possibly 0, and the embedding is what
            ``encoder_hidden_dims`` make of all, followed by proprioception. Without these layers
            it is the cameras' embeddings and proprioception side by side, as published.

    Raises:
        ConfigurationError: If a size is impossible.
    """

    observation_dim: int
    action_dim: int
    horizon: int = 16
    n_action_steps: int = 8
    latent_dim: int = 8
    feature_dim: int = 64
    n_euler_steps: int = 5
    encoder_hidden_dims: tuple[int, ...] = (128, 128)
    bottleneck_hidden_dims: tuple[int, ...] = (256, 256, 256)
    head: str = "mlp"
    hidden_dim: int = 128
    n_blocks: int = 2
    embedding_dim: int = 64
    unet_channels: tuple[int, ...] = (128, 256, 512)
    pictures: EyesConfig | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("head", "pictures"):
                continue
            if field.name == "observation_dim" and self.pictures and value == 0:
                continue  # it sees, and feels nothing
            sizes = value if isinstance(value, tuple) else (value,)
            several = field.name.endswith(("_dims", "_channels"))
            if isinstance(value, tuple) != several or not all(
                type(size) is int and size > 0 for size in sizes
            ):
                raise ConfigurationError(
                    f"{field.name} must be positive integers. Got: {repr(value)[:80]}."
                )
            most = MOST.get(field.name, MOST_SIZE)
            if len(sizes) > MOST_LAYERS or max(sizes, default=1) > most:
                raise ConfigurationError(
                    f"{field.name} must be at most {MOST_LAYERS} sizes of at most {most:,}. "
                    f"Got: {repr(value)[:80]}."
                )
        if not isinstance(self.head, str) or self.head not in HEADS:
            raise ConfigurationError(f"head must be one of {HEADS}. Got: {repr(self.head)[:80]}.")
        if self.n_action_steps > self.horizon:
            raise ConfigurationError(
                f"n_action_steps must be at most the horizon {self.horizon}. "
                f"Got: {self.n_action_steps}. Shorten it or train with a longer horizon."
            )
        if self.embedding_dim % 2:
            raise ConfigurationError(f"embedding_dim must be even. Got: {self.embedding_dim}.")
        if self.head == "unet":
            self._check_unet()
        if self.pictures is not None:
            self._check_pictures(self.pictures)

    @property
    def seen_dim(self) -> int:
        """Size of the part of the embedding that networks make; proprioception follows it."""
        return self.feature_dim - (self.observation_dim if self.pictures else 0)

    def _check_pictures(self, pictures: EyesConfig) -> None:
        if not isinstance(pictures, EyesConfig):
            raise ConfigurationError(f"pictures must be a configuration. Got: {pictures!r}.")
        seen = len(pictures.cameras) * pictures.embedding_dim
        least = 1 if self.encoder_hidden_dims else seen
        if self.seen_dim < least or (not self.encoder_hidden_dims and self.seen_dim != least):
            raise ConfigurationError(
                f"feature_dim must be {'at least' if self.encoder_hidden_dims else 'exactly'} "
                f"{least} and the {self.observation_dim} numbers of proprioception. "
                f"Got: {self.feature_dim}."
            )

    def _check_unet(self) -> None:
        if not self.unet_channels or any(channels % 8 for channels in self.unet_channels):
            raise ConfigurationError(
                f"unet_channels must be multiples of 8. Got: {self.unet_channels}."
            )
        stride = 2 ** (len(self.unet_channels) - 1)
        if self.horizon % stride:
            raise ConfigurationError(
                f"horizon must be divisible by {stride} for a U-Net of {len(self.unet_channels)} "
                f"resolutions. Got: {self.horizon}. Try {-(-self.horizon // stride) * stride}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as values of JSON; ``pictures`` only if there are some."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        if self.pictures is None:
            del values["pictures"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VibFlowConfig:
        """Rebuild a configuration from JSON values (lists become tuples).

        Raises:
            ConfigurationError: If a name is unknown or missing, or a value impossible.
        """
        names = {field.name for field in fields(cls)} - {"pictures"}
        if not isinstance(values, Mapping) or set(values) - {"pictures"} != names:
            got = sorted(values) if isinstance(values, Mapping) else values
            raise ConfigurationError(
                f"a model configuration must have exactly the entries {sorted(names)}. "
                f"Got: {repr(got)[:400]}."
            )
        sizes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        if sizes.get("pictures") is not None:
            sizes["pictures"] = EyesConfig.from_dict(sizes["pictures"])
        return cls(**sizes)
