"""Cameras of an observation: their names, the size and the quality of pictures."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from policies.pictures.quality import QUALITIES, RenderQuality
from policies.pictures.settings import MOST_PIXELS, STATE, PictureSettings
from zprl_env.envs.spaces import SIDE
from zprl_env.errors import ConfigurationError, UnknownNameError

OBSERVATIONS = ("state", "pixels", "both")
"""Kinds of observations: the flat state; proprioception and pictures; the state and pictures."""
IMAGE_SIZE, QUALITY = 84, "fast"
PROPRIOCEPTION: dict[str, tuple[str, ...]] = {
    "robosuite": ("robot*_eef_pos", "robot*_eef_quat", "robot*_gripper_qpos"),
    "metaworld": ("hand", "gripper"),
    "adroit": ("hand_qpos",),
}
"""Parts of a suite's state that a robot knows of itself, as patterns."""
USUAL_CAMERAS: dict[str, tuple[str, ...]] = {
    "robosuite": ("agentview", "robot*_eye_in_hand"),
    "metaworld": ("corner2", "gripperPOV"),
    "adroit": ("vil_camera", "fixed"),
}
"""Cameras of a suite where pictures are wanted and none are named, as patterns."""


@dataclass(frozen=True)
class Sight:
    """Cameras of an observation, and the size and quality of their pictures.

    Attributes:
        observation: One of `OBSERVATIONS`.
        cameras: Names, in order; ``None`` are the suite's usual ones.
        image_size: Height and width of a picture [pixels].
        quality: How pictures are drawn.
    """

    observation: str = "state"
    cameras: tuple[str, ...] | None = ()
    image_size: tuple[int, int] = (IMAGE_SIZE, IMAGE_SIZE)
    quality: RenderQuality = QUALITIES[QUALITY]

    def within(self, suite: str, cameras: Sequence[str]) -> tuple[str, ...]:
        """Return the cameras to look through, of those that a model has.

        Raises:
            UnknownNameError: It lacks one of them.
            ConfigurationError: It has none of the suite's usual ones, and none were named.
        """
        if self.cameras is None:
            usual = USUAL_CAMERAS.get(suite, ())
            found = [name for like in usual for name in cameras if fnmatch(name, like)]
            if not found:
                raise ConfigurationError(
                    f'observation="{self.observation}" must come with cameras. Got: none. Name '
                    f"some of {', '.join(cameras) or 'its own, of which it has none'}."
                )
            return tuple(dict.fromkeys(found))
        for name in self.cameras:
            if name not in cameras:
                raise UnknownNameError("camera", name, cameras)
        return self.cameras


BLIND = Sight()
"""States alone."""


def choose_sight(
    cameras: Sequence[str] | None,
    image_size: Any,
    observation: str | None,
    render_quality: str | None,
) -> Sight:
    """Check what is wanted of cameras.

    Args:
        cameras: Names; ``None`` are the suite's usual ones, where pictures are observed.
        image_size: Height and width [pixels], or one number for both; 84 if None.
        observation: One of `OBSERVATIONS`; "pixels" where cameras are named, if None.
        render_quality: A key of `QUALITIES`; "fast" if None.

    Raises:
        ConfigurationError: A value is impossible, or has no effect.
        UnknownNameError: No such observation or quality.

    >>> choose_sight(("agentview",), 64, None, None).image_size
    (64, 64)
    >>> choose_sight(None, 64, None, None)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: image_size must come with cameras. Got: 64 and no cameras...
    """
    given = (cameras,) if isinstance(cameras, str) else cameras
    names = None if given is None else tuple(given)
    if observation is None:
        observation = "pixels" if names else "state"
    if observation not in OBSERVATIONS:
        raise UnknownNameError("observation", observation, OBSERVATIONS)
    if render_quality is not None and render_quality not in QUALITIES:
        raise UnknownNameError("render_quality", render_quality, QUALITIES)
    if observation == "state" and not names:
        for name, value in (("image_size", image_size), ("render_quality", render_quality)):
            if value is not None:
                raise ConfigurationError(
                    f"{name} must come with cameras. Got: {value} and no cameras. Name some, as "
                    'in cameras=("agentview",), or leave it out; render_size is that of render().'
                )
        return BLIND
    if names == ():
        raise ConfigurationError(
            f'observation="{observation}" must come with cameras. Got: none. Name some, leave '
            'cameras out for the usual ones, or take observation="state".'
        )
    size = _size(image_size)
    quality = QUALITIES[render_quality or QUALITY]
    if names is not None:
        PictureSettings(cameras=names, image_size=size)  # refuses impossible names
    return Sight(observation, names, size, quality)


def proprioception(suite: str, keys: Sequence[str]) -> list[str]:
    """Return the parts of a suite's state that a robot knows of itself, in order.

    >>> proprioception("metaworld", ["hand", "gripper", "object", "previous", "goal"])
    ['hand', 'gripper']
    """
    return [key for key in keys if any(fnmatch(key, like) for like in PROPRIOCEPTION[suite])]


def _size(image_size: Any) -> tuple[int, int]:
    if image_size is None:
        image_size = IMAGE_SIZE
    pair = image_size if isinstance(image_size, tuple | list) else (image_size, image_size)
    try:
        if any(isinstance(side, bool) for side in pair):
            raise TypeError
        height, width = map(operator.index, pair)
        if not (SIDE <= height <= MOST_PIXELS and SIDE <= width <= MOST_PIXELS):
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"image_size must be the pictures' height and width, or one number for both, of {SIDE} "
            f"to {MOST_PIXELS} pixels. Got: {image_size!r}. Try 84."
        ) from None
    return height, width


__all__ = ["BLIND", "OBSERVATIONS", "STATE", "Sight", "choose_sight", "proprioception"]
