"""Render quality of a simulator's frames: multisamples, shadows, reflections."""

from __future__ import annotations

from dataclasses import dataclass

from policies.pictures.checks import check, is_text


@dataclass(frozen=True)
class RenderQuality:
    """Render quality of a simulator's frames.

    Attributes:
        name: ``"fast"``, ``"full"``, or ``""`` where nobody said, as for a real camera.
        multisamples: Samples per pixel against stair-steps at edges; ``None`` where nobody said.
        shadows: Whether shadows are drawn.
        reflections: Whether reflections are drawn.
    """

    name: str = ""
    multisamples: int | None = None
    shadows: bool | None = None
    reflections: bool | None = None

    def __post_init__(self) -> None:
        check("quality's name", self.name, is_text(self.name), "a text of at most 200 letters")
        samples = self.multisamples
        fits = samples is None or (type(samples) is int and 0 <= samples <= 64)
        check("multisamples", samples, fits, "0 to 64, or null")
        for name in ("shadows", "reflections"):
            value = getattr(self, name)
            check(name, value, value is None or type(value) is bool, "true, false or null")

    def __str__(self) -> str:
        parts = [f"{self.multisamples} samples"]
        parts += [f"{'no ' * (not self.shadows)}shadows"]
        parts += [f"{'no ' * (not self.reflections)}reflections"]
        return f"{self.name!r} ({', '.join(parts)})"

    @property
    def stated(self) -> bool:
        """Whether it is known how the frames were drawn."""
        return self != UNSTATED


UNSTATED = RenderQuality()
"""Render quality of frames of which it is not known, such as a real camera's."""
QUALITIES: dict[str, RenderQuality] = {
    "fast": RenderQuality("fast", 0, False, False),
    "full": RenderQuality("full", 4, True, True),
}
"""Render qualities by name: for policies' cameras, and for people's."""
