"""Camera view: pose and field of view of a camera, and how far two of them are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from policies.pictures.checks import check, is_number, is_text

_METRES, _DEGREES = 0.005, 0.5
"""Distance and angle of two poses, or difference of two fields of view, that count as equal."""


@dataclass(frozen=True)
class CameraView:
    """Pose and field of view of a camera, relative to what it is mounted on.

    Attributes:
        fov: Vertical field of view [degrees]; ``None`` where nobody said.
        position: Position relative to the parent [m]. Shape ``(3,)``.
        quaternion: Orientation relative to the parent, w first. Shape ``(4,)``.
        parent: Name of the body it is mounted on.
    """

    fov: float | None = None
    position: tuple[float, ...] | None = None
    quaternion: tuple[float, ...] | None = None
    parent: str = "world"

    def __post_init__(self) -> None:
        fits = self.fov is None or (is_number(self.fov) and 0 < self.fov < 180)
        check("fov", self.fov, fits, "above 0 and below 180 degrees, or null")
        for name, size in (("position", 3), ("quaternion", 4)):
            value = getattr(self, name)
            value = tuple(value) if isinstance(value, list) else value
            fits = value is None or (
                isinstance(value, tuple) and len(value) == size and all(map(is_number, value))
            )
            check(name, value, fits, f"{size} finite numbers, or null")
            object.__setattr__(self, name, value)
        if self.quaternion is not None:
            check("quaternion", self.quaternion, any(self.quaternion), "other than zero")
        check("parent", self.parent, is_text(self.parent), "a text of at most 200 letters")

    def deviation(self, other: CameraView) -> list[str]:
        """Say where another view differs visibly; what one of them does not state is equal."""
        found = []
        if self.fov is not None and other.fov is not None and abs(self.fov - other.fov) > _DEGREES:
            found.append(f"field of view {self.fov:g} degrees and {other.fov:g}")
        if self.parent != other.parent:
            return [*found, f"mounted on {self.parent} and on {other.parent}"]
        if self.position is not None and other.position is not None:
            far = math.dist(self.position, other.position)
            if far > _METRES:
                found.append(f"{1000 * far:.0f} mm apart")
        if self.quaternion is not None and other.quaternion is not None:
            a, b = np.array(self.quaternion), np.array(other.quaternion)
            cosine = abs(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))
            angle = math.degrees(2 * math.acos(min(1.0, float(cosine))))
            if angle > _DEGREES:
                found.append(f"turned by {angle:.1f} degrees")
        return found
