"""Shapes of a VIB flow policy's tensors, computed from its sizes alone; torch-free.

A description that came from somewhere else is compared with the tensors that are really there,
before anything is allocated by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod

from policies.model.config import UNET_TIME_DIM, VibFlowConfig
from policies.pictures.config import (
    RESNET_CHANNELS,
    SMALL_CHANNELS,
    SMALL_KERNELS,
    SPATIAL_FEATURES,
    EyesConfig,
)

Shape = tuple[int, ...]


def tensor_shapes(config: VibFlowConfig) -> dict[str, Shape]:
    """Return the shape of each tensor of a model by its name; all are float32.

    Of a pretrained network there are none; see :func:`unknown_tensors`.

    Args:
        config: The model's sizes.

    >>> shapes = tensor_shapes(VibFlowConfig(observation_dim=3, action_dim=2))
    >>> shapes["normalizer.action_scale"], shapes["encoder.net.0.weight"]
    ((2,), (128, 3))
    """
    o, a = config.observation_dim, config.action_dim
    c, z = config.feature_dim, config.latent_dim
    narrow = config.bottleneck_hidden_dims
    head = _unet(config) if config.head == "unet" else _mlp_head(config)
    return dict(
        [
            ("normalizer.observation_mean", (o,)),
            ("normalizer.observation_std", (o,)),
            ("normalizer.action_center", (a,)),
            ("normalizer.action_scale", (a,)),
            *_encoder(config),
            *_mlp("bottleneck.encoder", [c, *narrow, 2 * z]),
            *_mlp("bottleneck.decoder", [z, *reversed(narrow), c]),
            *head,
        ]
    )


def unknown_tensors(config: VibFlowConfig) -> re.Pattern[str] | None:
    """Return which names tensors have whose shapes only a pretrained network's code knows."""
    if config.pictures is None or not config.pictures.is_code:
        return None
    return re.compile(r"encoder\.cameras\.\d{1,3}\.(backbone\..+|output\.weight|output\.bias)")


def _encoder(config: VibFlowConfig) -> Iterator[tuple[str, Shape]]:
    o, hidden = config.observation_dim, config.encoder_hidden_dims
    if config.pictures is None:
        yield from _mlp("encoder.net", [o, *hidden, config.feature_dim])
        return
    eyes, seen = config.pictures, len(config.pictures.cameras) * config.pictures.embedding_dim
    for number in range(len(eyes.cameras)):
        yield from _camera(f"encoder.cameras.{number}", eyes)
    if hidden:
        yield from _mlp("encoder.net", [seen + o, *hidden, config.seen_dim])


def _camera(name: str, eyes: EyesConfig) -> Iterator[tuple[str, Shape]]:
    if eyes.encoder == "small":
        inputs = (3, *SMALL_CHANNELS)
        for i, (c, d) in enumerate(pairwise(inputs)):
            yield from _layer(f"{name}.layers.{i}", d, c, SMALL_KERNELS[i], SMALL_KERNELS[i])
        yield f"{name}.places.sharpness", (inputs[-1],)
    elif eyes.encoder == "resnet18":
        yield from _resnet(name, eyes)
    # else somebody's network, and a layer behind it whose inputs only its code knows


def _resnet(name: str, eyes: EyesConfig) -> Iterator[tuple[str, Shape]]:
    first, last = RESNET_CHANNELS[0], RESNET_CHANNELS[-1]
    yield f"{name}.stem.weight", (first, 3, 7, 7)
    yield from _layer(f"{name}.stem_norm", first)
    for stage, (c, d) in enumerate(pairwise((first, *RESNET_CHANNELS))):
        for number, inputs in enumerate((c, d)):
            block = f"{name}.blocks.{2 * stage + number}"
            yield f"{block}.first.weight", (d, inputs, 3, 3)
            yield from _layer(f"{block}.first_norm", d)
            yield f"{block}.second.weight", (d, d, 3, 3)
            yield from _layer(f"{block}.second_norm", d)
            if inputs != d:
                yield f"{block}.shortcut.0.weight", (d, inputs, 1, 1)
                yield from _layer(f"{block}.shortcut.1", d)
    places = prod(-(-side // 32) for side in eyes.crop_size)
    yield f"{name}.places.weight", (last, places, SPATIAL_FEATURES)
    yield from _layer(f"{name}.output", eyes.camera_dim, last * SPATIAL_FEATURES)


def _layer(name: str, *weight: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", weight
    yield f"{name}.bias", weight[:1]


def _mlp(name: str, sizes: Sequence[int]) -> Iterator[tuple[str, Shape]]:
    """Linear layers with an activation between them."""
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        yield from _layer(f"{name}.{2 * number}", outputs, inputs)


def _mlp_head(config: VibFlowConfig) -> Iterator[tuple[str, Shape]]:
    chunk, stream = config.horizon * config.action_dim, config.hidden_dim
    joint = config.embedding_dim
    yield from _mlp("head.time.net", [joint, joint, joint])
    yield from _layer("head.condition", joint, config.feature_dim)
    yield from _layer("head.input", stream, chunk)
    for block in range(config.n_blocks):
        yield from _layer(f"head.films.{block}", 2 * stream, joint)
        yield from _layer(f"head.blocks.{block}.linear", stream, stream)
    yield from _layer("head.output", chunk, stream)


def _unet(config: VibFlowConfig) -> Iterator[tuple[str, Shape]]:
    channels, time = config.unet_channels, UNET_TIME_DIM
    steps, first, last = list(pairwise(channels)), channels[0], channels[-1]
    joint = time + config.feature_dim
    yield from _mlp("head.time.net", [time, 4 * time, time])
    yield from _level("head.top", config.action_dim, first, joint)
    for number, (c, d) in enumerate(steps):
        yield from _layer(f"head.shrink.{number}", c, c, 3)
        yield from _level(f"head.down.{number}", c, d, joint)
    yield from _level("head.middle", last, last, joint)
    for number, (c, d) in enumerate(reversed(steps)):
        yield from _level(f"head.up.{number}", 2 * d, c, joint)
        yield from _layer(f"head.grow.{number}", c, c, 4)
    yield from _convolution("head.output.0", first, first)
    yield from _layer("head.output.1", config.action_dim, first, 1)


def _level(name: str, inputs: int, outputs: int, joint: int) -> Iterator[tuple[str, Shape]]:
    for block, entering in (("first", inputs), ("second", outputs)):
        yield from _convolution(f"{name}.{block}.first", entering, outputs)
        yield from _convolution(f"{name}.{block}.second", outputs, outputs)
        yield from _layer(f"{name}.{block}.film.1", 2 * outputs, joint)
        if entering != outputs:
            yield from _layer(f"{name}.{block}.residual", outputs, entering, 1)


def _convolution(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, Shape]]:
    """Convolution and the norm behind it."""
    yield from _layer(f"{name}.0", outputs, inputs, 5)
    yield from _layer(f"{name}.1", outputs)
