"""Offscreen rendering: images of a MuJoCo simulation without a window."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
import weakref
from functools import partial
from typing import Any

import numpy as np

from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import RenderingError, UnknownNameError

mujoco: Any = import_mujoco()

ON, OFF = ("enable", "enabled", "on", "true", "1"), ("disable", "disabled", "off", "false", "0")
BACKENDS = ("egl", "osmesa", "glfw", "glx", "wgl", "cgl", *ON, *OFF, "")
"""Values of ``MUJOCO_GL`` that mujoco knows; those of `OFF` give no image."""


class OffscreenCamera:
    """A camera of a MuJoCo model, with an OpenGL context of its own.

    ``mujoco.Renderer`` settles on a backend when mujoco is imported, which on a machine without
    a display is the wrong one unless ``MUJOCO_GL`` was set before; and it complains when it is
    collected at exit. This one chooses when it is made, EGL on Linux if nothing is said, and is
    freed before the display is.

    Args:
        model: The ``mujoco.MjModel``.
        camera: Name of one of its cameras.
        size: Height and width of the images [pixels].
        hidden_groups: Groups of geoms that are not drawn.

    Raises:
        UnknownNameError: The model has no such camera.
        RenderingError: There is no OpenGL to be had.
    """

    def __init__(
        self,
        model: Any,
        camera: str,
        size: tuple[int, int],
        hidden_groups: tuple[int, ...] = (),
    ) -> None:
        self._context: Any = None
        self._gl: Any = None
        cameras = [model.camera(i).name for i in range(model.ncam)]
        if camera not in cameras:
            raise UnknownNameError("camera", camera, cameras)
        height, width = size
        self._model = model
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = cameras.index(camera)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[list(hidden_groups)] = 0
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), dtype=np.uint8)
        model.vis.global_.offwidth = max(model.vis.global_.offwidth, width)
        model.vis.global_.offheight = max(model.vis.global_.offheight, height)
        self._scene = mujoco.MjvScene(model, maxgeom=10000)

        self._gl, self._context = _make_contexts(model, width, height)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        # The last to be registered is the first to run: before mujoco terminates its display.
        self._at_exit = partial(_close, weakref.ref(self))
        atexit.register(self._at_exit)

    def render(self, data: Any) -> np.ndarray:
        """Render an image from the camera.

        Args:
            data: The ``mujoco.MjData``, with the bodies' poses up to date.

        Returns:
            Image of shape ``(H, W, 3)``, uint8, row 0 at the top.
        """
        mujoco.mj_camlight(self._model, data)
        self._gl.make_current()
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._options,
            None,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        return np.ascontiguousarray(self._pixels[::-1])

    def close(self) -> None:
        """Free the context; a second call does nothing."""
        if self._context is not None:
            self._gl.make_current()
            self._context.free()
            self._context = None
            atexit.unregister(self._at_exit)
        if self._gl is not None:
            self._gl.free()
            self._gl = None

    def __del__(self) -> None:
        self.close()


def _close(reference: weakref.ref[OffscreenCamera]) -> None:
    camera = reference()
    if camera is not None:
        camera.close()


def _make_contexts(model: Any, width: int, height: int) -> tuple[Any, Any]:
    """Make an OpenGL context and mujoco's own in it."""
    backend = os.environ.get("MUJOCO_GL", "").lower().strip()
    if not backend and sys.platform == "linux":
        backend = "egl"
    try:
        if backend not in BACKENDS:
            raise RuntimeError(f"it must be one of {', '.join(filter(None, BACKENDS))}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of glfw, which says the same twice
            context = _make_gl_context(backend, width, height)
            context.make_current()
            return context, mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_150)
    except (ImportError, AttributeError, OSError, RuntimeError, mujoco.FatalError) as error:
        raise RenderingError(
            f"rendering needs OpenGL and MUJOCO_GL={backend or 'unset'} gave none ({error}); set "
            "MUJOCO_GL to egl (package libegl1) or osmesa (package libosmesa6)"
        ) from error


def _make_gl_context(backend: str, width: int, height: int) -> Any:
    if backend == "egl":
        from mujoco.egl import GLContext
    elif backend == "osmesa":
        from mujoco.osmesa import GLContext
    else:
        from mujoco.gl_context import GLContext
    return GLContext(width, height)
