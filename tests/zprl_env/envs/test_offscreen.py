"""A camera of its own for any MuJoCo model, or an error that says how to get OpenGL."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
import pytest

from zprl_env.envs.offscreen import OffscreenCamera
from zprl_env.errors import RenderingError, UnknownNameError

SCENE = """
<mujoco>
  <visual><global offwidth="8" offheight="8"/></visual>
  <worldbody>
    <light pos="0 0 3"/>
    <camera name="above" pos="0 0 2"/>
    <geom name="left" group="1" type="box" size="0.2 0.2 0.1" pos="-0.4 0 0" rgba="1 0 0 1"/>
    <geom name="right" group="2" type="box" size="0.2 0.2 0.1" pos="0.4 0 0" rgba="0 1 0 1"/>
  </worldbody>
</mujoco>
"""


@pytest.fixture
def scene() -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


@pytest.fixture
def picture(scene) -> Iterator[np.ndarray]:
    try:
        camera = OffscreenCamera(scene[0], "above", (48, 64), hidden_groups=(2,))
    except RenderingError as error:
        pytest.skip(str(error))
    yield camera.render(scene[1])
    camera.close()
    camera.close()


def test_a_picture_has_the_size_asked_for_even_beyond_the_model_s_buffer(picture):
    assert (picture.shape, picture.dtype) == ((48, 64, 3), np.uint8)


def test_what_is_left_is_left_and_what_is_hidden_is_not_shown(picture):
    red, green = picture[..., 0].astype(int), picture[..., 1].astype(int)
    assert red[:, :32].max() > 100
    assert (green - red).max() <= 10


def test_a_camera_that_is_not_there_names_the_nearest(scene):
    with pytest.raises(UnknownNameError, match="unknown camera 'abov'; did you mean 'above'"):
        OffscreenCamera(scene[0], "abov", (8, 8))


def test_a_backend_that_gives_nothing_is_told_with_the_way_out(scene, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    monkeypatch.setattr("mujoco.gl_context.GLContext", None, raising=False)
    monkeypatch.delattr("mujoco.gl_context.GLContext")
    with pytest.raises(RenderingError, match=r"MUJOCO_GL=glfw gave none .*egl \(package libegl1\)"):
        OffscreenCamera(scene[0], "above", (8, 8))
