"""Looks of a simulated scene: textures that are painted here, materials, and what they are on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

VERSION = "2"
"""Raised whenever a scene looks otherwise, so that pictures of another one are noticed."""
SIDE = 128
"""Height and width of a texture [pixels]."""
SEED = 7
"""Of the grain of the usual textures."""


def wood(rng: np.random.Generator) -> np.ndarray:
    """Paint planks with a grain. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    along, across = _places()
    grain = np.sin(2 * np.pi * (9 * across + 0.8 * _smooth(rng, 8) + 0.3 * along))
    planks = np.repeat(rng.uniform(-0.05, 0.05, 4), SIDE // 4)[:, None]
    gap = np.where(np.abs((4 * across + 0.5) % 1.0 - 0.5) < 0.02, 0.22, 0.0)
    return np.clip(0.88 + 0.045 * grain + planks - gap, 0.0, 1.0)


def leather(rng: np.random.Generator) -> np.ndarray:
    """Paint leather with a seam along its edges. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    along, across = _places()
    skin = 0.75 + 0.25 * _smooth(rng, 32)
    edge = np.minimum(np.minimum(along, 1 - along), np.minimum(across, 1 - across))
    stitch = (np.abs(edge - 0.07) < 0.012) & (((along + across) * 24) % 1.0 < 0.6)
    return np.where(stitch, 1.6, skin)


def banknote(rng: np.random.Generator) -> np.ndarray:
    """Paint a bill: a border, an oval with a head, and numbers' places. In [0, 1]."""
    along, across = _places()
    paper = np.full((SIDE, SIDE), 0.95)
    edge = np.minimum(np.minimum(along, 1 - along), np.minimum(across, 1 - across))
    paper[edge < 0.10] = 0.45
    paper[edge < 0.04] = 1.0
    oval = ((along - 0.5) / 0.26) ** 2 + ((across - 0.5) / 0.32) ** 2
    paper[oval < 1.0] = 0.6
    paper[oval < 0.8] = 0.85
    paper[((along - 0.48) / 0.09) ** 2 + ((across - 0.5) / 0.12) ** 2 < 1.0] = 0.35
    for x in (0.18, 0.82):
        for y in (0.18, 0.82):
            paper[(np.abs(along - x) < 0.05) & (np.abs(across - y) < 0.05)] = 0.3
    return np.clip(paper + 0.04 * rng.standard_normal((SIDE, SIDE)), 0.0, 1.0)


def peel(rng: np.random.Generator) -> np.ndarray:
    """Paint the skin of a fruit: pores. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    return np.clip(0.92 + 0.08 * _smooth(rng, 16) - 0.22 * (rng.random((SIDE, SIDE)) > 0.93), 0, 1)


def cloth(rng: np.random.Generator) -> np.ndarray:
    """Paint a weave of two colours' stripes. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    along, across = _places()
    stripes = ((6 * along) % 1.0 < 0.5) * 0.15 + ((6 * across) % 1.0 < 0.5) * 0.15
    return np.clip(0.65 + stripes + 0.05 * rng.standard_normal((SIDE, SIDE)), 0.0, 1.0)


def stone(rng: np.random.Generator) -> np.ndarray:
    """Paint stone with veins. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    veins = np.abs(_smooth(rng, 8) + 0.4 * _smooth(rng, 24))
    return np.clip(0.7 + 0.3 * np.minimum(1.0, 4.0 * veins), 0.0, 1.0)


def plain(rng: np.random.Generator) -> np.ndarray:
    """Paint one colour with a little dust. Shape ``(SIDE, SIDE)``, in [0, 1]."""
    return np.clip(0.95 + 0.03 * rng.standard_normal((SIDE, SIDE)), 0.0, 1.0)


PAINTS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    paint.__name__: paint for paint in (wood, leather, banknote, peel, cloth, stone, plain)
}
"""Patterns by name."""


def add_material(
    world: Any,
    name: str,
    paint: str,
    *,
    repeat: tuple[float, float] = (1.0, 1.0),
    rgb: tuple[float, float, float] = (1.0, 1.0, 1.0),
    seed: int = SEED,
    uniform: bool = False,
    specular: float = 0.1,
) -> str:
    """Add a painted material to a ``mujoco.MjSpec``, and return its name.

    Args:
        world: The spec.
        name: What it is called.
        paint: Its pattern, one of `PAINTS`.
        repeat: How often the pattern is repeated along both sides; per metre if ``uniform``.
        rgb: Its colour where the pattern is 1.
        seed: Of the pattern's grain.
        uniform: Whether a repetition has a size rather than a number.
        specular: How much it shines.
    """
    pattern = PAINTS[paint](np.random.default_rng(seed))[..., None]
    pixels = np.clip(255 * pattern * np.array(rgb), 0, 255).astype(np.uint8)
    texture = world.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=SIDE, height=SIDE, nchannel=3
    )
    texture.data = pixels.tobytes()
    material = world.add_material(
        name=name, texrepeat=repeat, texuniform=uniform, specular=specular, shininess=0.2
    )
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    return name


def decorate(body: Any, material: str = "", **geom: Any) -> None:
    """Add a geom to a body that is seen and neither felt nor weighed."""
    body.add_geom(contype=0, conaffinity=0, mass=0.0, material=material, **geom)


def _places() -> tuple[np.ndarray, np.ndarray]:
    """Return how far along and across each pixel is, in [0, 1]."""
    line = (np.arange(SIDE) + 0.5) / SIDE
    across, along = np.meshgrid(line, line, indexing="ij")
    return along, across


def _smooth(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Return noise that changes over so many cells a side, about in [-1, 1]."""
    coarse = rng.uniform(-1.0, 1.0, (cells, cells))
    at = np.arange(SIDE) * cells / SIDE
    low, share = at.astype(int), at % 1.0
    high = (low + 1) % cells
    rows = coarse[low] * (1 - share)[:, None] + coarse[high] * share[:, None]
    return rows[:, low] * (1 - share) + rows[:, high] * share
