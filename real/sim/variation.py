"""Variation of a simulated scene's looks by seed: textures, light and cameras' poses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mujoco
import numpy as np

from real.sim.looks import PAINTS, add_material
from zprl_env.errors import ConfigurationError, UnknownNameError

KINDS = ("textures", "light", "camera")
"""Kinds of variation."""
TABLES = 8
"""Textures that a varied table has to choose from."""
STREAM = 20_000
"""Keeps chance here apart from the scenes', which are the same with and without it."""
_FIELDS = (
    "cam_pos",
    "cam_quat",
    "cam_fovy",
    "light_pos",
    "light_dir",
    "light_diffuse",
    "geom_rgba",
    "geom_matid",
    "mat_rgba",
)


class Variation:
    """Variation of a compiled world's looks; its physics never changes.

    Args:
        kinds: What varies, of `KINDS`.
        strength: How much, at most: with 1 cameras are moved by 3 cm and 4 degrees, those on a hand
            by a fifth of that, and lights are half as bright or half as bright again.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigurationError: The strength is none.
    """

    def __init__(self, kinds: Sequence[str] | bool = (), strength: float = 1.0) -> None:
        named = (kinds,) if isinstance(kinds, str) else kinds
        self.kinds = KINDS * named if isinstance(named, bool) else tuple(named)
        for kind in self.kinds:
            if kind not in KINDS:
                raise UnknownNameError("kind of variation", str(kind), KINDS)
        if not (math.isfinite(strength) and 0.0 <= strength <= 2.0):
            raise ConfigurationError(f"strength must lie in [0, 2]. Got: {strength}.")
        self._strength = strength
        self._model: Any = None
        self._usual: dict[str, np.ndarray] = {}
        self._head: tuple[np.ndarray, np.ndarray] = (np.zeros(3), np.zeros(3))

    def __str__(self) -> str:
        return f"{', '.join(self.kinds)} by {self._strength:g}" if self.kinds else "none"

    def prepare(self, world: Any) -> None:
        """Add the textures to choose from to a ``mujoco.MjSpec``."""
        if "textures" not in self.kinds:
            return
        rng = np.random.default_rng(STREAM)
        paints = [name for name in PAINTS if name not in ("banknote", "leather", "peel")]
        for number in range(TABLES):  # shades of grey, with some colour
            add_material(
                world,
                f"varied{number}",
                paints[number % len(paints)],
                repeat=(3.0, 3.0),
                rgb=tuple((0.6 * rng.uniform(0.35, 1.0) + 0.4 * rng.random(3)).tolist()),
                seed=number,
            )

    def bind(self, model: Any) -> None:
        """Bind to the compiled world, and remember how it usually looks."""
        self._model = model
        self._usual = {name: getattr(model, name).copy() for name in _FIELDS}
        head = model.vis.headlight
        self._head = np.array(head.ambient), np.array(head.diffuse)

    def restore(self) -> None:
        """Let the world look as it usually does."""
        for name, values in self._usual.items():
            getattr(self._model, name)[:] = values
        head = self._model.vis.headlight
        head.ambient[:], head.diffuse[:] = self._head

    def draw(self, seed: int) -> None:
        """Let the world look as a seed says."""
        if not self.kinds:
            return
        self.restore()
        for number, kind in enumerate(KINDS):
            if kind in self.kinds:
                rng = np.random.default_rng([STREAM, number, seed])
                getattr(self, f"_draw_{kind}")(rng)

    @contextmanager
    def usual(self) -> Iterator[None]:
        """Let the world look as it usually does, for a while."""
        now = {name: getattr(self._model, name).copy() for name in _FIELDS}
        head = self._model.vis.headlight
        ambient, diffuse = np.array(head.ambient), np.array(head.diffuse)
        self.restore()
        try:
            yield
        finally:
            for name, values in now.items():
                getattr(self._model, name)[:] = values
            head.ambient[:], head.diffuse[:] = ambient, diffuse

    def _draw_textures(self, rng: np.random.Generator) -> None:
        model, much = self._model, self._strength
        table = model.geom("table").id
        model.geom_matid[table] = model.material(f"varied{rng.integers(TABLES)}").id
        shades = 1.0 + 0.15 * much * rng.uniform(-1.0, 1.0, (model.ngeom, 3))
        shades[model.geom_matid >= 0] = 1.0  # whose colour is their material's
        model.geom_rgba[:, :3] = np.clip(model.geom_rgba[:, :3] * shades, 0.0, 1.0)
        shades = 1.0 + 0.15 * much * rng.uniform(-1.0, 1.0, (model.nmat, 3))
        model.mat_rgba[:, :3] = np.clip(model.mat_rgba[:, :3] * shades, 0.0, 1.0)

    def _draw_light(self, rng: np.random.Generator) -> None:
        model, much = self._model, self._strength
        head = model.vis.headlight
        bright = 1.0 + 0.5 * much * rng.uniform(-1.0, 1.0)
        tint = 1.0 + 0.08 * much * rng.uniform(-1.0, 1.0, 3)
        head.ambient[:] = np.clip(self._head[0] * bright * tint, 0.05, 1.0)
        head.diffuse[:] = np.clip(self._head[1] * bright * tint, 0.05, 1.0)
        model.light_diffuse[:] *= np.clip(1.0 + 0.5 * much * rng.uniform(-1.0, 1.0), 0.1, None)
        model.light_pos[:] += 0.5 * much * rng.uniform(-1.0, 1.0, model.light_pos.shape)
        turned = model.light_dir + 0.4 * much * rng.uniform(-1.0, 1.0, model.light_dir.shape)
        model.light_dir[:] = turned / np.linalg.norm(turned, axis=1, keepdims=True)

    def _draw_camera(self, rng: np.random.Generator) -> None:
        model = self._model
        for camera in range(model.ncam):
            much = self._strength * (1.0 if model.cam_bodyid[camera] == 0 else 0.2)
            model.cam_pos[camera] += 0.03 * much * rng.uniform(-1.0, 1.0, 3)
            axis, angle = rng.standard_normal(3), math.radians(4.0) * much * rng.uniform(-1.0, 1.0)
            turn, pose = np.empty(4), np.array(model.cam_quat[camera])
            mujoco.mju_axisAngle2Quat(turn, axis / np.linalg.norm(axis), angle)
            mujoco.mju_mulQuat(model.cam_quat[camera], pose, turn)
            model.cam_fovy[camera] *= 1.0 + 0.05 * much * rng.uniform(-1.0, 1.0)
