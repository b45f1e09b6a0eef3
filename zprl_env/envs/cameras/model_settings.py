"""Picture settings of a MuJoCo model: poses and fields of view of its cameras, and versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from policies.pictures.quality import RenderQuality
from policies.pictures.settings import PictureSettings
from policies.pictures.view import CameraView
from zprl_env.envs.states_only import import_mujoco

mujoco: Any = import_mujoco()


def model_settings(
    model: Any,
    cameras: Sequence[str],
    image_size: tuple[int, int],
    quality: RenderQuality,
    *,
    renderer: str,
    versions: Mapping[str, str] | None = None,
    turned: Collection[str] = (),
) -> PictureSettings:
    """Describe how pictures of a MuJoCo model are made.

    Args:
        model: The ``mujoco.MjModel``.
        cameras: Names of its cameras, in order.
        image_size: Height and width [pixels].
        quality: How they are drawn.
        renderer: GL_RENDERER.
        versions: Versions of the suite, besides mujoco's.
        turned: Cameras whose pictures are turned by 180 degrees, and so are their views here.
    """
    return PictureSettings(
        cameras=tuple(cameras),
        image_size=image_size,
        quality=quality,
        views={name: camera_view(model, name, name in turned) for name in cameras},
        renderer=renderer,
        versions={"mujoco": metadata.version("mujoco"), **(versions or {})},
    )


def camera_view(model: Any, camera: str, turned: bool = False) -> CameraView:
    """Return a camera's pose on its body, and its field of view."""
    number = model.camera(camera).id
    quaternion = np.array(model.cam_quat[number])
    if turned:  # by 180 degrees about where it looks
        mujoco.mju_mulQuat(quaternion, quaternion.copy(), np.array([0.0, 0.0, 0.0, 1.0]))
    return CameraView(
        fov=float(model.cam_fovy[number]),
        position=tuple(model.cam_pos[number].round(6).tolist()),
        quaternion=tuple(quaternion.round(6).tolist()),
        parent=model.body(model.cam_bodyid[number]).name,
    )
