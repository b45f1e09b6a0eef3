"""Cameras of the simulated world: pictures by name, without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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

    A context of OpenGL is current in one thread at a time, so that a thread of their own takes the
    pictures and frees it, whoever asks: a server's requests, or the end of the program.

    Args:
        world: What is looked at.
        image_size: Height and width of pictures [pixels].
    """

    def __init__(self, world: World, image_size: tuple[int, int]) -> None:
        self._world, self._image_size = world, image_size
        self._cameras: dict[str, OffscreenCamera] = {}
        self._painter: ThreadPoolExecutor | None = None

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures. Shape ``(H, W, 3)`` each, uint8.

        Raises:
            RobotError: There is no such camera, or no OpenGL.
        """
        if self._painter is None:
            self._painter = ThreadPoolExecutor(1, "cameras")
        return self._painter.submit(self._take, names).result()

    def _take(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
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
        if self._painter is not None:
            self._painter.submit(self._free).result()
            self._painter.shutdown()
            self._painter = None

    def _free(self) -> None:
        for camera in self._cameras.values():
            camera.close()
        self._cameras.clear()
