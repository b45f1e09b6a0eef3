"""Textures and meshes in OpenGL's memory, which models that are drawn alike share.

A scene of robosuite's takes more than 100 MB there; environments of one task in a process need them
once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from policies.pictures.quality import RenderQuality
from zprl_env.envs.states_only import import_mujoco

mujoco: Any = import_mujoco()
UPLOADED = (
    *("tex_", "mat_", "hfield_", "skin_", "flex_"),
    *("mesh_vert", "mesh_normal", "mesh_face", "mesh_texcoord"),
)
"""Beginnings of the names of a model's arrays that a context is made from."""
SHAPES = ("geom_type", "geom_size", "geom_dataid", "geom_matid")
"""Further ones: a context has a drawing of each plane."""

Key: TypeAlias = tuple[object, bytes]
"""Owner of the OpenGL, and a hash of what was put there."""


class Context:
    """A ``mujoco.MjrContext`` with a buffer of one size and quality, and those who use it.

    Only for the thread that OpenGL is current in; see :class:`RenderThread`.

    Attributes:
        own: MuJoCo's.
        users: How many there are.
    """

    def __init__(self, key: Key, own: Any) -> None:
        self.key, self.own, self.users = key, own, 0

    def free(self) -> None:
        """Give it back; the last one to do so frees it."""
        self.users -= 1
        if self.users == 0:
            del _contexts[self.key]
            self.own.free()


_contexts: dict[Key, Context] = {}


def context(model: Any, height: int, width: int, quality: RenderQuality, owner: object) -> Context:
    """Return the context of a model, made if there is none of a model that is drawn alike.

    Args:
        model: The ``mujoco.MjModel``.
        height: Height of its buffer [pixels].
        width: Its width.
        quality: Multisamples and shadows.
        owner: Who has the OpenGL that it is in.
    """
    with _visual(model, height, width, quality):
        key = owner, _drawn(model)
        if key not in _contexts:
            made = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_150)
            _contexts[key] = Context(key, made)
    found = _contexts[key]
    found.users += 1
    return found


def _drawn(model: Any) -> bytes:
    """Return a hash of all that a context takes from its model."""
    digest = hashlib.blake2b(repr(float(model.stat.extent)).encode())
    for kind in ("global_", "quality", "headlight", "map", "scale", "rgba"):
        part = getattr(model.vis, kind)
        for name in dir(part):
            if not name.startswith("_"):
                digest.update(f"{kind}.{name}={np.asarray(getattr(part, name)).tolist()}".encode())
    for name in dir(model):
        if name.startswith(UPLOADED) or name in SHAPES:
            array = getattr(model, name)
            if isinstance(array, np.ndarray):
                digest.update(f"{name}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


@contextmanager
def _visual(model: Any, height: int, width: int, quality: RenderQuality) -> Iterator[None]:
    """Set what a context takes from its model, and set it back."""
    screen, chosen = model.vis.global_, model.vis.quality
    before = (screen.offwidth, screen.offheight, chosen.offsamples, chosen.shadowsize)
    screen.offwidth, screen.offheight = width, height
    if quality.multisamples is not None:
        chosen.offsamples = quality.multisamples
    if quality.shadows is False:
        chosen.shadowsize = 0
    try:
        yield
    finally:
        screen.offwidth, screen.offheight, chosen.offsamples, chosen.shadowsize = before
