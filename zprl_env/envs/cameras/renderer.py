"""Off-screen renderer of a MuJoCo model: pictures from its cameras, of the present state."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from policies.pictures.quality import QUALITIES, RenderQuality
from zprl_env.envs.cameras.contexts import Context, context
from zprl_env.envs.cameras.opengl import no_opengl, render_thread
from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import RenderingError, UnknownNameError

mujoco: Any = import_mujoco()
GEOMS = 10_000
"""Most geoms of a scene."""


class SceneRenderer:
    """Off-screen renderer of one MuJoCo model, with any number of its cameras.

    Pictures are of the state that a ``mujoco.MjData`` holds (positions, mocap bodies), whether or
    not its bodies' poses have been computed from it yet, and nothing in it is changed. Textures and
    meshes are in OpenGL's memory once for all renderers of a process that draw them alike.

    Args:
        model: The ``mujoco.MjModel``; its own visual settings stay as they are.
        size: Height and width of the pictures [pixels].
        quality: Multisamples, shadows and reflections.
        hidden_groups: Groups of geoms that are not drawn.
        turned: Cameras that are mounted upside down; their pictures are turned by 180 degrees.

    Raises:
        RenderingError: There is no OpenGL to be had.

    Attributes:
        model: The model.
        cameras: Names of all its cameras.
        renderer: GL_RENDERER, the driver's own name.
    """

    def __init__(
        self,
        model: Any,
        size: tuple[int, int],
        quality: RenderQuality = QUALITIES["full"],
        hidden_groups: Collection[int] = (),
        turned: Collection[str] = (),
    ) -> None:
        self.model = model
        self.cameras = camera_names(model)
        self._thread = thread = render_thread()
        try:
            self._buffers = thread.call(
                lambda: _Buffers(model, size, quality, hidden_groups, thread)
            )
        except mujoco.FatalError as error:
            raise no_opengl(thread.backend, error) from error
        self.renderer = thread.renderer
        self._turned = frozenset(turned)
        thread.contexts.add(self._buffers)
        self._end = weakref.finalize(self, thread.free, self._buffers)
        self._end.atexit = False  # the thread frees what is left

    def render(self, data: Any, cameras: Sequence[str]) -> dict[str, np.ndarray]:
        """Render the present state, once per camera.

        Args:
            data: The ``mujoco.MjData``.
            cameras: Names of cameras.

        Returns:
            Pictures of shape ``(H, W, 3)``, uint8, by camera; row 0 is the top, column 0 the left.

        Raises:
            UnknownNameError: The model has no such camera.
            RenderingError: It was closed, or the driver does not answer.
        """
        numbers = {name: self._number(name) for name in cameras}
        if not self._end.alive:
            raise RenderingError("a renderer must be open to render. Got: a closed one; make one")
        raw = self._thread.call(lambda: self._buffers.draw(data, numbers))
        # OpenGL's first row is the lowest: turned by 180 degrees, only columns are left to reverse.
        return {
            name: np.ascontiguousarray(rows[:, ::-1] if name in self._turned else rows[::-1])
            for name, rows in raw.items()
        }

    def close(self) -> None:
        """Free what is in OpenGL's memory; a second call does nothing."""
        self._end()

    def _number(self, name: str) -> int:
        if name not in self.cameras:
            raise UnknownNameError("camera", name, self.cameras)
        return self.cameras.index(name)


def camera_names(model: Any) -> list[str]:
    """Return the names of a model's cameras, by number."""
    return [model.camera(i).name for i in range(model.ncam)]


class _Buffers:
    """What a renderer has in OpenGL; made, used and freed on one thread."""

    def __init__(
        self,
        model: Any,
        size: tuple[int, int],
        quality: RenderQuality,
        hidden: Collection[int],
        owner: object,
    ) -> None:
        height, width = size
        self._model = model
        # States are copied here: what was given must not change by being looked at.
        self._data = mujoco.MjData(model)
        self._state = np.empty(mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_INTEGRATION))
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._options = mujoco.MjvOption()
        self._options.geomgroup[list(hidden)] = 0
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), dtype=np.uint8)
        self._scene = mujoco.MjvScene(model, maxgeom=GEOMS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = quality.shadows is not False
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = quality.reflections is not False
        self._context: Context | None = context(model, height, width, quality, owner)

    def draw(self, data: Any, cameras: Mapping[str, int]) -> dict[str, np.ndarray]:
        """Draw the state from cameras; rows from below."""
        model, own, kind = self._model, self._data, mujoco.mjtState.mjSTATE_INTEGRATION
        mujoco.mj_getState(model, data, self._state, kind)
        mujoco.mj_setState(model, own, self._state, kind)
        for compute in (mujoco.mj_kinematics, mujoco.mj_comPos, mujoco.mj_camlight):
            compute(model, own)
        if model.nflex:
            mujoco.mj_flex(model, own)
        if model.ntendon:
            mujoco.mj_tendon(model, own)
        assert self._context is not None
        opengl = self._context.own
        # The one that drew before has left its own buffer bound.
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, opengl)
        drawn = {}
        for name, number in cameras.items():
            self._camera.fixedcamid = number
            mujoco.mjv_updateScene(
                model,
                own,
                self._options,
                None,
                self._camera,
                mujoco.mjtCatBit.mjCAT_ALL,
                self._scene,
            )
            mujoco.mjr_render(self._viewport, self._scene, opengl)
            mujoco.mjr_readPixels(self._pixels, None, self._viewport, opengl)
            drawn[name] = self._pixels.copy()
        return drawn

    def free(self) -> None:
        if self._context is not None:
            self._context.free()
            self._context = None
