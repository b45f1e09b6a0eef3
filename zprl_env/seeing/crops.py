"""Random crops of pictures while an agent collects, as the method's paper has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from policies.encoding import Observations
from policies.pictures.preprocessing import Preprocessing
from zprl_env.errors import ConfigurationError
from zprl_env.seeing.fit import cameras_of


def preprocessing_of(policy: object) -> Preprocessing:
    """Return the crop of a policy that sees, which random crops are drawn around.

    Raises:
        ConfigurationError: It sees states, or does not say, or crops nothing.
    """
    crop = getattr(policy, "preprocessing", None)
    if not cameras_of(policy) or not isinstance(crop, Preprocessing) or crop.margins == (0, 0):
        got = "crops nothing" if isinstance(crop, Preprocessing) else "says no crop"
        got = got if cameras_of(policy) else "sees states"
        raise ConfigurationError(
            f"random_crop must come with a policy that crops pictures. Got: "
            f"{type(policy).__name__}, which {got}. Leave random_crop out."
        )
    return crop


def random_crops(
    batch: Observations,
    cameras: Sequence[str],
    crop: Preprocessing,
    generators: Sequence[np.random.Generator],
) -> Observations:
    """Shift every picture so that the policy's centre crop of it is one at a random place.

    Args:
        batch: Observations of ``B`` environments.
        cameras: Those that the policy sees through.
        crop: Its crop.
        generators: One per environment, from which two numbers per camera are drawn.

    Returns:
        The batch with other pictures. What is shifted out comes in at the other side, where no crop
        looks.

    >>> crop = Preprocessing((4, 4), (2, 2))
    >>> seen = {"front": np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)}
    >>> shifted = random_crops(seen, ["front"], crop, [np.random.default_rng(0)])
    >>> crop.crop(shifted["front"]).tolist() == seen["front"][:, 2:4, 1:3].tolist()
    True
    """
    assert isinstance(batch, Mapping)
    shifted: dict[str, Any] = dict(batch)
    below, beside = crop.margins
    for camera in cameras:
        frames = np.array(batch[camera])
        for row, generator in enumerate(generators):
            top, left = int(generator.integers(below + 1)), int(generator.integers(beside + 1))
            frames[row] = np.roll(frames[row], (below // 2 - top, beside // 2 - left), (0, 1))
        shifted[camera] = frames
    return shifted
