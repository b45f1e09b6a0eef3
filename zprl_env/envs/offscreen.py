"""Offscreen camera: images of a MuJoCo simulation without a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from policies.pictures.quality import QUALITIES, RenderQuality
from zprl_env.envs.cameras.renderer import SceneRenderer, camera_names
from zprl_env.errors import UnknownNameError


class OffscreenCamera:
    """A camera of a MuJoCo model, for films and for looking closely.

    ``mujoco.Renderer`` settles on a backend when mujoco is imported, which on a machine without
    a display is the wrong one unless ``MUJOCO_GL`` was set before; and it complains when it is
    collected at exit. This one chooses when it is made, EGL on Linux if nothing is said, and is
    freed before the display is.

    Args:
        model: The ``mujoco.MjModel``.
        camera: Name of one of its cameras.
        size: Height and width of the images [pixels].
        hidden_groups: Groups of geoms that are not drawn.
        quality: Multisamples, shadows and reflections.
        turned: Cameras that are mounted upside down.

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
        quality: RenderQuality = QUALITIES["full"],
        turned: tuple[str, ...] = (),
    ) -> None:
        if camera not in (cameras := camera_names(model)):
            raise UnknownNameError("camera", camera, cameras)
        self._camera = camera
        self._renderer = SceneRenderer(model, size, quality, hidden_groups, turned)
        self.renderer = self._renderer.renderer

    def render(self, data: Any) -> np.ndarray:
        """Render an image of the present state.

        Args:
            data: The ``mujoco.MjData``.

        Returns:
            Image of shape ``(H, W, 3)``, uint8, row 0 at the top.
        """
        return self._renderer.render(data, (self._camera,))[self._camera]

    def close(self) -> None:
        """Free what is in OpenGL's memory; a second call does nothing."""
        self._renderer.close()
