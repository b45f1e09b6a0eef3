"""Settings of imitation learning; torch-free."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from policies.errors import ConfigurationError
from policies.model.config import VibFlowConfig
from policies.pictures.config import EyesConfig
from policies.pictures.settings import PictureSettings


@dataclass(frozen=True, kw_only=True)
class BottleneckConfig:
    """Settings of fitting a bottleneck; the docstring of each is its help on the command line."""

    latent_dim: int = 8
    """Size of the latent that reinforcement learning will perturb."""
    beta: float = 2e-4
    """Weight of the KL, averaged over latent dimensions. Larger packs the latent tighter."""
    w_rec: float = 0.01
    """Weight of the reconstruction of the embedding."""
    bottleneck_hidden_dims: tuple[int, ...] = (256, 256, 256)
    """Hidden widths of the bottleneck's encoder and decoder."""
    steps: int = 20_000
    """Gradient steps."""
    batch_size: int = 128
    """Chunks per gradient step."""
    learning_rate: float = 1e-3
    """Peak of the cosine schedule. The MLP head takes the default; the published U-Net, 1e-4."""
    weight_decay: float = 1e-6
    """AdamW's weight decay."""
    ema_decay: float = 0.999
    """Decay of the moving average of the weights, which is the one that is saved."""
    val_fraction: float = 0.1
    """Share of the episodes held out for the validation loss; 0 trains on all."""
    log_every: int = 1000
    """Steps between two validation losses."""
    seed: int = 0
    """Seed of weights, batches and noise."""
    device: str = "auto"
    """Device to train on: cpu, cuda, mps, or auto, a GPU for cameras' networks if there is one and
    else the CPU. The saved policy is the same kind of file from anywhere."""
    threads: int = 0
    """Threads of torch; 0 takes 1 for states, and all cores but one for cameras' networks."""
    memory: float = 2.0
    """GiB of cameras' frames that are kept in memory; more are read from the disk as needed."""
    precision: Literal["mixed", "full"] = "full"
    """Precision on a GPU: mixed computes in bfloat16 where that is safe, which took an H200 longer
    at every size there is here; a CPU's is always full."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "learning_rate", "log_every"):
            self._check(name, getattr(self, name) > 0, "positive")
        for name in ("beta", "w_rec", "weight_decay", "seed", "threads", "memory"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        for name in ("val_fraction", "ema_decay"):
            self._check(name, 0 <= getattr(self, name) < 1, "in [0, 1)")

    def _check(self, name: str, good: bool, must: str) -> None:
        if not good:
            raise ConfigurationError(f"{name} must be {must}. Got: {getattr(self, name)}.")


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(BottleneckConfig):
    """Settings of one pretraining run: those of the bottleneck and of the policy around it."""

    horizon: int = 16
    """Length of the action chunk the policy generates."""
    n_action_steps: int = 8
    """Actions of a chunk that run before the next decision; fewer react sooner."""
    stop_gradients: bool = True
    """Keep the bottleneck's loss out of encoder and head, so that it costs the policy nothing and
    can be replaced later; off is naive joint training."""
    head: Literal["mlp", "unet"] = "mlp"
    """Action generator: "mlp" is quick on a CPU, "unet" is the published network."""
    hidden_dim: int = 128
    """Width of the MLP head; less than horizon x action size, and chunks do not fit through."""
    n_blocks: int = 2
    """Residual blocks of the MLP head."""
    unet_channels: tuple[int, ...] = (128, 256, 512)
    """Channels per resolution of the U-Net head."""
    feature_dim: int = 64
    """Size of the observation embedding."""
    encoder_hidden_dims: tuple[int, ...] = (128, 128)
    """Hidden widths of the observation encoder; of a policy that sees, of the layers over cameras
    and proprioception. None puts these side by side, as published."""
    encoder: str = "state"
    """Observation encoder: "state"; for cameras "small", quick on a CPU, or "resnet18", the
    published network; or module:Class, a pretrained network that stays as it is."""
    cameras: tuple[str, ...] = ()
    """Cameras that the policy sees through, in order; by default all that the file has."""
    crop: int = 0
    """Pixels of a frame's smaller side that the policy sees, at random places while it is trained
    and from the centre when it acts; 0 takes nine tenths, 76 of 84."""
    draws: int = 0
    """Draws of noise per observation and step; 0 takes 1 for states and 4 for cameras, where to
    embed an observation costs more."""
    n_euler_steps: int = 5
    """Integration steps from noise to actions when the policy acts; stored with it."""
    eval_every: int = 5000
    """Steps between two success rates, where the caller can measure them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("eval_every", self.eval_every > 0, "positive")
        for name in ("crop", "draws"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        if self.cameras and not self.sees:
            raise ConfigurationError(
                f"cameras need an encoder for them, such as --encoder small. "
                f"Got: {self.cameras} with encoder {self.encoder!r}."
            )
        if self.sees:
            self.eyes(self.cameras or ("camera",), (84, 84) if not self.crop else (4096, 4096))

    @property
    def sees(self) -> bool:
        """Whether the policy is to see."""
        return self.encoder != "state"

    def eyes(self, cameras: tuple[str, ...], image_size: tuple[int, int]) -> EyesConfig:
        """Return the configuration of the networks for some cameras' frames."""
        return EyesConfig.of(cameras, image_size, self.encoder, self.crop)

    def model_config(
        self, observation_dim: int, action_dim: int, pictures: PictureSettings | None = None
    ) -> VibFlowConfig:
        """Return the architecture that these settings and the demonstrations' sizes ask for."""
        names = {field.name for field in dataclasses.fields(VibFlowConfig)}
        shared: dict[str, Any] = {k: v for k, v in dataclasses.asdict(self).items() if k in names}
        if self.sees and pictures is not None:
            eyes = self.eyes(pictures.cameras, pictures.image_size)
            seen = self.feature_dim
            if not self.encoder_hidden_dims:
                seen = len(eyes.cameras) * eyes.embedding_dim
            shared |= {"pictures": eyes, "feature_dim": seen + observation_dim}
        return VibFlowConfig(observation_dim=observation_dim, action_dim=action_dim, **shared)
