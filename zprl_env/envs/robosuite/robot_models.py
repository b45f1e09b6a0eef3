"""Models of robots alone, which robosuite compiles beside the scene and nothing uses: left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LOCK = threading.RLock()


@contextmanager
def without_robot_models() -> Iterator[None]:
    """Leave out the compilation of a robot's own model for as long as this lasts.

    robosuite compiles each robot once more without its scene, for controllers from elsewhere that
    solve for its whole body; its own ones never look at it. That takes about as long as the scene,
    and memory as well. Such a controller has to call ``robot_model.set_mujoco_model()``.
    """
    from robosuite.models.robots import RobotModel

    def leave_out(self: Any, mujoco_model: Any = None) -> None:
        self.mujoco_model = mujoco_model

    with _LOCK:
        kept, RobotModel.set_mujoco_model = RobotModel.set_mujoco_model, leave_out
        try:
            yield
        finally:
            RobotModel.set_mujoco_model = kept
