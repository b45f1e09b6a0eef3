"""Import of MuJoCo for its states alone, though ``MUJOCO_GL`` names an OpenGL that is not there."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

VARIABLE = "MUJOCO_GL"


def import_mujoco() -> ModuleType:
    """Import mujoco, whatever OpenGL there is.

    Mujoco loads what ``MUJOCO_GL`` names while it is imported, and fails where a library is missing
    or the word means nothing to it. States need no OpenGL: so it is imported without, and whoever
    asks for an image is told by :class:`~zprl_env.envs.offscreen.OffscreenCamera`.

    Returns:
        The module.
    """
    if "mujoco" in sys.modules:
        return sys.modules["mujoco"]
    try:
        return importlib.import_module("mujoco")
    except (AttributeError, ImportError, OSError, RuntimeError):
        wanted = os.environ.get(VARIABLE)
        if wanted is None:
            raise
        platform = os.environ.get("PYOPENGL_PLATFORM")
        os.environ[VARIABLE] = "disabled"
        try:
            return importlib.import_module("mujoco")
        finally:
            os.environ[VARIABLE] = wanted
            if platform is None:  # which mujoco has set for the sake of what is not there
                os.environ.pop("PYOPENGL_PLATFORM", None)
