"""Encoder of pictures: a network per camera, and proprioception beside what they see."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from policies.errors import ConfigurationError
from policies.model.config import VibFlowConfig
from policies.model.encoders import mlp
from policies.model.resnet import ResnetEncoder
from policies.model.spatial import SpatialSoftArgmax
from policies.pictures.config import SMALL_CHANNELS, SMALL_KERNELS, SMALL_STRIDES, EyesConfig

Backbone = Callable[[], nn.Module]
"""Makes a pretrained network: prepared frames ``(B, 3, h, w)`` to ``(B, K)`` or maps."""


class SmallEncoder(nn.Module):
    """Embedding of one camera's frames by three convolutions and a soft-argmax; quick on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *SMALL_CHANNELS)
        shapes = zip(inputs, SMALL_CHANNELS, SMALL_KERNELS, SMALL_STRIDES, strict=False)
        self.layers = nn.ModuleList(nn.Conv2d(*shape) for shape in shapes)
        self.places = SpatialSoftArgmax(SMALL_CHANNELS[-1])

    def forward(self, frames: Tensor) -> Tensor:
        """Embedding of prepared frames. Shape ``(B, 3, h, w)`` to ``(B, 3 C)``."""
        *hidden, last = self.layers
        x = frames
        for layer in hidden:
            x = functional.relu(layer(x))
        embedding: Tensor = self.places(last(x))
        return embedding


class PretrainedEncoder(nn.Module):
    """Embedding by a network that came from elsewhere and stays as it is, and a learned layer.

    The network is always in evaluation mode and has no gradient, whatever is done to the model
    around it: a batch norm's statistics do not drift.

    Args:
        make: Makes the network.
        size: Height and width of a prepared frame.
        dim: Size of the embedding.

    Raises:
        ConfigurationError: It does not return numbers for each frame.
    """

    def __init__(self, make: Backbone, size: tuple[int, int], dim: int) -> None:
        super().__init__()
        self.backbone = make().eval().requires_grad_(False)
        with torch.no_grad():
            shown = self.backbone(torch.zeros(2, 3, *size))
        if not isinstance(shown, Tensor) or shown.ndim not in (2, 4) or len(shown) != 2:
            got = getattr(shown, "shape", type(shown).__name__)
            raise ConfigurationError(
                "a pretrained encoder must return a tensor of shape (B, K) or (B, K, h, w) for "
                f"frames of shape (B, 3, {size[0]}, {size[1]}). Got: {got}."
            )
        self.output = nn.Linear(shown.shape[1], dim)

    def train(self, mode: bool = True) -> PretrainedEncoder:
        """Set the mode of all but the pretrained network."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, frames: Tensor) -> Tensor:
        """Embedding of prepared frames. Shape ``(B, 3, h, w)`` to ``(B, dim)``."""
        with torch.no_grad():
            seen = self.backbone(frames)
        embedding: Tensor = self.output(seen.mean((2, 3)) if seen.ndim == 4 else seen)
        return embedding


class PictureEncoder(nn.Module):
    """Embedding of frames and proprioception: a network per camera, and layers over all.

    Args:
        config: Sizes of the policy, with pictures.
        backbone: Makes the network of ``module:Class``.

    Raises:
        ConfigurationError: That network is needed and not given.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, config: VibFlowConfig, backbone: Backbone | None = None) -> None:
        super().__init__()
        assert config.pictures is not None
        self.eyes: EyesConfig = config.pictures
        self.preprocessing = self.eyes.preprocessing
        for name, values in zip(("scale", "shift"), self.preprocessing.affine(), strict=True):
            self.register_buffer(name, torch.from_numpy(values), persistent=False)
        names = self.eyes.cameras
        self.cameras = nn.ModuleList(_network(self.eyes, backbone) for _ in names)
        self.net: nn.Sequential | None = None
        if config.encoder_hidden_dims:
            inputs = len(names) * self.eyes.embedding_dim + config.observation_dim
            self.net = mlp(inputs, config.encoder_hidden_dims, config.seen_dim)

    def forward(self, state: Tensor, frames: Mapping[str, Tensor]) -> Tensor:
        """Embedding c.

        Args:
            state: Normalised proprioception. Shape ``(B, P)``.
            frames: A camera's frames by its name, uint8. Shape ``(B, H, W, 3)``, or as cropped.

        Returns:
            Shape ``(B, F)``.
        """
        seen = [
            network(self.prepare(frames[name]))
            for name, network in zip(self.eyes.cameras, self.cameras, strict=True)
        ]
        if self.net is None:
            return torch.cat([*seen, state], dim=-1)
        return torch.cat([self.net(torch.cat([*seen, state], dim=-1)), state], dim=-1)

    def prepare(self, frames: Tensor) -> Tensor:
        """Crop and normalise frames. Shape ``(B, H, W, 3)``, uint8, to ``(B, 3, h, w)``."""
        cropped: Tensor = self.preprocessing.crop(frames)
        return (cropped.to(self.scale.dtype) * self.scale + self.shift).permute(0, 3, 1, 2)


def _network(eyes: EyesConfig, backbone: Backbone | None) -> nn.Module:
    if eyes.encoder == "small":
        return SmallEncoder()
    if eyes.encoder == "resnet18":
        return ResnetEncoder(eyes.crop_size, eyes.camera_dim)
    if backbone is None:
        raise ConfigurationError(
            f"the encoder {eyes.encoder} must be given as a class: no name in a file is ever "
            "imported. Give it yourself, by FrozenPolicy.load(folder, backbone=Class)."
        )
    return PretrainedEncoder(backbone, eyes.crop_size, eyes.camera_dim)


def named_backbone(eyes: EyesConfig) -> Backbone | None:
    """Import the class of a pretrained network that the user has named; None if there is none.

    Raises:
        ConfigurationError: There is no such class.
    """
    if not eyes.is_code:
        return None
    try:
        made: Backbone = pkgutil.resolve_name(eyes.encoder)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"encoder must be small, resnet18 or an importable module:Class. Got: "
            f"{eyes.encoder!r}: {error}."
        ) from error
    return made
