"""States need no OpenGL, whatever MUJOCO_GL says, and an image says what is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys, types
if {missing!r}:
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name == {missing!r}:
                raise ImportError("no such library here")
    sys.meta_path.insert(0, Absent())
from zprl_env.envs.states_only import import_mujoco
mujoco = import_mujoco()
assert mujoco is import_mujoco() is sys.modules["mujoco"]
assert os.environ["MUJOCO_GL"] == {backend!r}
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><camera name='a'/></worldbody></mujoco>")
mujoco.mj_step(model, mujoco.MjData(model))
from zprl_env.envs.offscreen import OffscreenCamera
from zprl_env.errors import RenderingError
try:
    OffscreenCamera(model, "a", (8, 8))
except RenderingError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("backend", "missing"),
    [("osmesa", "mujoco.osmesa"), ("egl", "mujoco.egl"), ("nonsense", ""), ("disabled", "")],
)
def test_states_are_there_and_an_image_says_what_is_missing(backend, missing):
    environment = os.environ | {"MUJOCO_GL": backend}
    environment.pop("PYOPENGL_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(backend=backend, missing=missing)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"rendering needs OpenGL and MUJOCO_GL={backend} gave none" in done.stdout
