"""Cameras of the simulated world: pictures by name, without a screen."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from policies.pictures.quality import QUALITIES, RenderQuality
from policies.pictures.settings import PictureSettings
from real.robot import RobotError
from real.sim.arms import SOLID_GROUP
from real.sim.looks import VERSION
from real.sim.world import World
from zprl_env.errors import RenderingError, UnknownNameError

if TYPE_CHECKING:
    from zprl_env.envs.cameras.renderer import SceneRenderer


class WorldCameras:
    """Cameras of a simulated world; OpenGL is asked for with the first picture.

    Whoever asks, a thread of OpenGL's own draws them; see `zprl_env.envs.cameras.opengl`.

    Args:
        world: What is looked at.
        image_size: Height and width of `images` [pixels].

    Attributes:
        image_size: The same.
    """

    def __init__(self, world: World, image_size: tuple[int, int]) -> None:
        self._world, self.image_size = world, image_size
        self._renderers: dict[tuple[tuple[int, int], RenderQuality], SceneRenderer] = {}
        self._drawn = mujoco.MjData(world.model)
        self._drawing = threading.Lock()

    def state(self) -> np.ndarray:
        """Copy the world's state, so that it may go on while it is drawn."""
        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.empty(mujoco.mj_stateSize(self._world.model, kind))
        mujoco.mj_getState(self._world.model, self._world.data, state, kind)
        return state

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures as people like them. Shape ``(H, W, 3)`` each, uint8.

        Raises:
            RobotError: There is no such camera, or no OpenGL.
        """
        return self.frames(names, self.image_size, QUALITIES["full"])

    def frames(
        self,
        names: Sequence[str],
        image_size: tuple[int, int],
        quality: RenderQuality,
        state: np.ndarray | None = None,
    ) -> Mapping[str, np.ndarray]:
        """Take pictures of any size and quality. Shape ``(H, W, 3)`` each, uint8.

        Args:
            names: Cameras.
            image_size: Height and width [pixels].
            quality: How they are drawn.
            state: What :meth:`state` returned; the present one if None.

        Raises:
            RobotError: There is no such camera, or no OpenGL.
        """
        state = self.state() if state is None else state
        with self._drawing:
            kind = mujoco.mjtState.mjSTATE_INTEGRATION
            mujoco.mj_setState(self._world.model, self._drawn, state, kind)
            try:
                return self._renderer(image_size, quality).render(self._drawn, names)
            except (UnknownNameError, RenderingError) as error:
                raise RobotError(str(error)) from error

    def settings(
        self, names: Sequence[str], image_size: tuple[int, int], quality: RenderQuality
    ) -> PictureSettings:
        """Describe the pictures of `frames`, the first of which is taken.

        Raises:
            UnknownNameError: There is no such camera.
            RenderingError: There is no OpenGL.
        """
        from zprl_env.envs.cameras.model_settings import model_settings

        with self._drawing, self._world.variation.usual():
            renderer = self._renderer(image_size, quality)
            renderer.render(self._world.data, names)
            return model_settings(
                self._world.model,
                names,
                image_size,
                quality,
                renderer=renderer.renderer,
                versions={
                    "robosuite": metadata.version("robosuite"),  # the arms are its own
                    "scene": VERSION,
                    "variation": str(self._world.variation),
                },
            )

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep from drawing while the world's looks are changed."""
        with self._drawing:
            yield

    def close(self) -> None:
        """Free what is in OpenGL's memory."""
        with self._drawing:
            for renderer in self._renderers.values():
                renderer.close()
            self._renderers.clear()

    def _renderer(self, image_size: tuple[int, int], quality: RenderQuality) -> SceneRenderer:
        from zprl_env.envs.cameras.renderer import SceneRenderer

        if (image_size, quality) not in self._renderers:
            self._renderers[image_size, quality] = SceneRenderer(
                self._world.model, image_size, quality, hidden_groups=(SOLID_GROUP,)
            )
        return self._renderers[image_size, quality]
