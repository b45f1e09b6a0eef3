"""Configuration of a policy's eyes: its cameras, their preprocessing and their networks."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from policies.pictures.checks import check, entries, is_text
from policies.pictures.preprocessing import IMAGENET, Preprocessing
from policies.pictures.settings import MOST_CAMERAS, STATE

ENCODERS = ("small", "resnet18")
"""Networks that are trained with the policy; any other is the user's class, ``module:Class``."""
SMALL_CHANNELS = (32, 32, 32)
SMALL_KERNELS = (5, 3, 3)
SMALL_STRIDES = (2, 2, 1)
"""Convolutions of the small network."""
RESNET_CHANNELS = (64, 128, 256, 512)
"""Channels of the stages of ResNet-18."""
SPATIAL_FEATURES = 8
"""Learned weightings of places for every channel that a large network ends with."""
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_LEAST_SIDE = 32


@dataclass(frozen=True, kw_only=True)
class EyesConfig:
    """Cameras, preprocessing and network of a policy that sees; validated where it is made.

    Attributes:
        cameras: Names, in the order in which their embeddings follow each other.
        image_size: Height and width of a frame [pixels].
        crop_size: Height and width of what the network is shown [pixels].
        encoder: One of `ENCODERS`, or ``module:Class``, a pretrained network that stays as it is.
        camera_dim: Size of a camera's embedding where the network does not say it.
        mean: See `Preprocessing`.
        std: See `Preprocessing`.

    Raises:
        ConfigurationError: A value is impossible.
    """

    cameras: tuple[str, ...]
    image_size: tuple[int, int]
    crop_size: tuple[int, int]
    encoder: str = "small"
    camera_dim: int = 64
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        cameras = self.cameras
        fits = isinstance(cameras, tuple) and 0 < len(cameras) <= MOST_CAMERAS
        fits = fits and all(is_text(name) and name not in ("", STATE) for name in cameras)
        fits = fits and len({*cameras}) == len(cameras)
        check("cameras", cameras, fits, f"different names, at most {MOST_CAMERAS}")
        fits = isinstance(self.encoder, str) and len(self.encoder) <= 200
        fits = fits and bool(self.encoder in ENCODERS or _CLASS.fullmatch(self.encoder))
        must = f"one of {', '.join(ENCODERS)}, or a class as module:Class"
        check("encoder", self.encoder, fits, must)
        size = self.camera_dim
        check("camera_dim", size, type(size) is int and 0 < size <= 2**16, "a positive integer")
        least = min(self.preprocessing.crop_size)
        must = f"at least {_LEAST_SIDE} pixels high and wide"
        check("crop_size", self.crop_size, least >= _LEAST_SIDE, must)

    @classmethod
    def of(
        cls, cameras: tuple[str, ...], image_size: tuple[int, int], encoder: str, crop: int = 0
    ) -> EyesConfig:
        """Choose a crop and a normalisation for frames.

        Args:
            cameras: Names.
            image_size: Height and width of a frame [pixels].
            encoder: The network.
            crop: Smaller side of what is kept; 0 takes nine tenths, 76 of 84 pixels, as published.
        """
        least = min(image_size)
        side = crop or max(min(_LEAST_SIDE, least), 4 * round(0.9 * least / 4))
        check("crop", crop, 0 <= side <= least, f"at most the frame's smaller side, {least}")
        sides = tuple(side * length // least for length in image_size)
        made = cls(
            cameras=cameras,
            image_size=image_size,
            crop_size=(sides[0], sides[1]),
            encoder=encoder,
        )
        mean, std = IMAGENET
        return replace(made, mean=mean, std=std) if made.is_code else made

    @property
    def preprocessing(self) -> Preprocessing:
        """Crop and normalisation."""
        return Preprocessing(self.image_size, self.crop_size, self.mean, self.std)

    @property
    def embedding_dim(self) -> int:
        """Size of one camera's embedding."""
        return 3 * SMALL_CHANNELS[-1] if self.encoder == "small" else self.camera_dim

    @property
    def is_code(self) -> bool:
        """Whether the network is a class of the user's, whose name in a file is not imported."""
        return self.encoder not in ENCODERS

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as values of JSON."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    @classmethod
    def from_dict(cls, values: Any) -> EyesConfig:
        """Rebuild a configuration from values of JSON, of any origin.

        Raises:
            ConfigurationError: An entry is unknown or missing, or a value impossible.
        """
        known: dict[str, Any] = entries(cls, values, "pictures of a model")
        lists = {name: tuple(v) for name, v in known.items() if isinstance(v, list)}
        return cls(**{**known, **lists})
