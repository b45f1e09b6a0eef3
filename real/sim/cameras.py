"""Cameras of the simulated world: pictures by name, without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from real.robot import RobotError
from real.sim.arms import SOLID_GROUP
from real.sim.world import World
from zprl_env.errors import RenderingError, UnknownNameError

if TYPE_CHECKING:
    from zprl_env.envs.offscreen import OffscreenCamera


class WorldCameras:
    """Cameras of a simulated world; OpenGL is asked for with the first picture.

    Args:
        world: What is looked at.
        image_size: Height and width of pictures [pixels].
    """

    def __init__(self, world: World, image_size: tuple[int, int]) -> None:
        self._world, self._image_size = world, image_size
        self._cameras: dict[str, OffscreenCamera] = {}

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures. Shape ``(H, W, 3)`` each, uint8.

        Raises:
            RobotError: There is no such camera, or no OpenGL.
        """
        from zprl_env.envs.offscreen import OffscreenCamera

        taken = {}
        for name in names:
            try:
                if name not in self._cameras:
                    self._cameras[name] = OffscreenCamera(
                        self._world.model, name, self._image_size, hidden_groups=(SOLID_GROUP,)
                    )
                taken[name] = self._cameras[name].render(self._world.data)
            except (UnknownNameError, RenderingError) as error:
                raise RobotError(str(error)) from error
        return taken

    def close(self) -> None:
        """Free OpenGL's context."""
        for camera in self._cameras.values():
            camera.close()
        self._cameras.clear()
