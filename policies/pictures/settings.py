"""Picture settings: cameras, image size, render quality and pose that frames were made with.

They stand in demonstrations, in a checkpoint and in an environment, so that a policy is never shown
pictures of another kind than it has learned from without a word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from policies.errors import ConfigurationError
from policies.pictures.checks import check, entries, is_text
from policies.pictures.quality import QUALITIES, UNSTATED, RenderQuality
from policies.pictures.view import CameraView

__all__ = ["ATTRIBUTE", "QUALITIES", "STATE", "CameraView", "PictureSettings", "RenderQuality"]

ATTRIBUTE = "picture_settings"
"""Name under which settings are stored in demonstrations and offered by an environment."""
STATE = "state"
"""Key of proprioception, or of the whole state, beside the cameras' frames; no camera's name."""
UPRIGHT = "upright"
"""Orientation of every frame here: as a person sees it, rows from above, columns from the left."""
MOST_PIXELS, MOST_CAMERAS = 4096, 32
"""Largest side of a frame and number of cameras that are believed."""


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """Settings that all frames of an environment, of demonstrations or of a policy were made with.

    Attributes:
        cameras: Names, in the order in which the policy sees them.
        image_size: Height and width of a frame [pixels].
        quality: How a simulator drew them, such as ``QUALITIES["fast"]``.
        orientation: Always ``"upright"`` here; stored so that another one is noticed.
        views: Poses and fields of view, by camera, as far as they are known.
        renderer: GL_RENDERER, or the device; ``""`` where nobody said.
        versions: Versions of what drew them, such as ``{"mujoco": "3.3.7"}``.

    Raises:
        ConfigurationError: A value is impossible.

    Example:
        >>> fast = QUALITIES["fast"]
        >>> mine = PictureSettings(cameras=("front",), image_size=(84, 84), quality=fast)
        >>> PictureSettings.from_json(mine.to_json()) == mine
        True
        >>> mine.difference(PictureSettings(cameras=("front",), image_size=(96, 96)))
        ['frames of 84 x 84 and of 96 x 96 pixels']
    """

    cameras: tuple[str, ...]
    image_size: tuple[int, int]
    quality: RenderQuality = UNSTATED
    orientation: str = UPRIGHT
    views: Mapping[str, CameraView] = field(default_factory=dict)
    renderer: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cameras, size, quality = _tuple(self.cameras), _tuple(self.image_size), self.quality
        check("quality", quality, isinstance(quality, RenderQuality), "a render quality")
        fits = (
            isinstance(cameras, tuple)
            and 0 < len(cameras) <= MOST_CAMERAS
            and all(is_text(name) and name not in ("", STATE) for name in cameras)
            and len({*cameras}) == len(cameras)
        )
        must = f"different names, at most {MOST_CAMERAS}, and none of them {STATE!r}"
        check("cameras", cameras, fits, must)
        fits = (
            isinstance(size, tuple)
            and len(size) == 2
            and all(type(side) is int and 0 < side <= MOST_PIXELS for side in size)
        )
        must = f"height and width in pixels, 1 to {MOST_PIXELS}"
        check("image_size", size, fits, must)
        for name in ("orientation", "renderer"):
            value = getattr(self, name)
            check(name, value, is_text(value), "a text of at most 200 letters")
        views, versions = self.views, self.versions
        fits = (
            isinstance(views, Mapping)
            and {*views} <= {*cameras}
            and all(isinstance(view, CameraView) for view in views.values())
        )
        check("views", views, fits, f"camera views by name, of {', '.join(cameras)}")
        fits = (
            isinstance(versions, Mapping)
            and len(versions) <= 100
            and all(is_text(text) for pair in versions.items() for text in pair)
        )
        check("versions", versions, fits, "texts by name")
        for name, value in (("cameras", cameras), ("image_size", size), ("quality", quality)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "views", dict(views))
        object.__setattr__(self, "versions", dict(versions))

    def difference(self, other: PictureSettings) -> list[str]:
        """Say why frames of other settings must not be shown to what was made for these.

        Args:
            other: Settings of the frames there are. Cameras beyond these are no difference, nor
                is their order; a quality that one side does not state is none either.

        Returns:
            Sentences that name both sides, these settings first; none if all is well.
        """
        found = []
        missing = [camera for camera in self.cameras if camera not in other.cameras]
        if missing:
            found.append(f"cameras {', '.join(self.cameras)} and {', '.join(other.cameras)}")
        if self.image_size != other.image_size:
            found.append(f"frames of {_size(self)} and of {_size(other)} pixels")
        mine, its = self.quality, other.quality
        if mine.stated and its.stated and mine != its:
            found.append(f"render quality {mine} and {its}")
        if self.orientation != other.orientation:
            found.append(f"orientation {self.orientation!r} and {other.orientation!r}")
        return found

    def deviation(self, other: PictureSettings) -> list[str]:
        """Say what else differs and may change how frames look: worth a warning, no refusal.

        Args:
            other: Settings of the frames there are.

        Returns:
            Sentences that name both sides, these settings first; none if all is equal.
        """
        found = []
        for camera, view in self.views.items():
            if camera in other.views:
                what = view.deviation(other.views[camera])
                found += [f"camera {camera}: {', '.join(what)}"] if what else []
        if self.renderer and other.renderer and self.renderer != other.renderer:
            found.append(f"renderer {self.renderer!r} and {other.renderer!r}")
        for name in sorted({*self.versions} & {*other.versions}):
            if self.versions[name] != other.versions[name]:
                found.append(f"{name} {self.versions[name]} and {other.versions[name]}")
        if self.quality.stated != other.quality.stated:
            found.append("only one of them says its render quality")
        return found

    def select(self, cameras: Sequence[str]) -> PictureSettings:
        """Return the settings of some of the cameras, in their order."""
        views = {name: view for name, view in self.views.items() if name in cameras}
        return replace(self, cameras=tuple(cameras), views=views)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values of JSON."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    def to_json(self) -> str:
        """Return the settings as a JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, values: Any) -> PictureSettings:
        """Rebuild settings from values of JSON, of any origin.

        Raises:
            ConfigurationError: An entry is unknown or missing, or a value impossible.
        """
        values = entries(cls, values, "picture settings")
        views = values.get("views", {})
        check("views", views, isinstance(views, Mapping), "camera views by name")
        made = {name: CameraView(**entries(CameraView, view, name)) for name, view in views.items()}
        quality = values.get("quality", {})
        quality = RenderQuality(**entries(RenderQuality, quality, "quality"))
        return cls(**{**values, "views": made, "quality": quality})

    @classmethod
    def from_json(cls, text: str | bytes) -> PictureSettings:
        """Rebuild settings from a JSON text, of any origin.

        Raises:
            ConfigurationError: It is no JSON, or not that of settings.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"picture settings must be JSON: {str(error)[:200]}") from None
        return cls.from_dict(values)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _size(settings: PictureSettings) -> str:
    return " x ".join(map(str, settings.image_size))
