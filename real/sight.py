"""Sight of a robot: its cameras' pictures as observations, whichever driver takes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from policies.pictures.settings import PictureSettings
from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.robot import Cameras, Robot, RobotError, SimulatedCameras
from real.tasks.layout import ObservationLayout
from real.tasks.preset import Preset
from zprl_env.envs.cameras.eyes import Eyes
from zprl_env.envs.cameras.sight import Sight
from zprl_env.errors import ConfigurationError, UnknownNameError


class RobotPictures:
    """Pictures of a robot's cameras, for its observations.

    Where the robot cannot be reached any more they are the last ones there were, as its state is,
    and the arms are stopped.

    Args:
        loop: What moves the robot.
        sight: What is observed; its cameras are the preset's if it names none.
        preset: The task.

    Raises:
        ConfigurationError: The robot has no cameras, or none are named.
        UnknownNameError: It has no such camera.
        RenderingError: It is simulated, and there is no OpenGL.

    Attributes:
        settings: Cameras, size and quality.
    """

    def __init__(self, loop: ControlLoop, sight: Sight, preset: Preset) -> None:
        self._loop, self._robot, self._sight = loop, loop.robot, sight
        self._last: Mapping[str, np.ndarray] = {}
        cameras = preset.cameras if sight.cameras is None else sight.cameras
        if not cameras:
            raise ConfigurationError(
                f"The preset {preset.name} must list cameras if none are named. Got: none."
            )
        self.settings = _settings(self._robot, sight, preset, cameras)

    def take(self) -> Mapping[str, np.ndarray]:
        """Take a picture of the present state with each camera.

        Raises:
            RobotError: There are none, and there were none before; or they are of another size
                than is observed.
        """
        names, sight = self.settings.cameras, self._sight
        try:
            if isinstance(self._robot, SimulatedCameras):
                taken = self._robot.frames(names, sight.image_size, sight.quality)
            else:
                taken = self._robot.images(names)  # type: ignore[attr-defined]
        except ROBOT_ERRORS as error:
            if not self._last:
                raise
            self._loop.halt("driver", str(error))
            return {name: picture.copy() for name, picture in self._last.items()}
        self._last = {name: self._checked(name, taken[name]) for name in names}
        return dict(self._last)

    def _checked(self, name: str, picture: np.ndarray) -> np.ndarray:
        picture, shape = np.asarray(picture), (*self.settings.image_size, 3)
        if picture.shape != shape or picture.dtype != np.uint8:
            raise RobotError(
                f"The camera {name} must give pictures of shape {shape}, uint8. Got: "
                f"{picture.shape}, {picture.dtype}. Set image_size to the camera's own."
            )
        return picture


def robot_eyes(loop: ControlLoop, sight: Sight, preset: Preset) -> Eyes:
    """Make the eyes of a robot's environment; see `RobotPictures` for what may be wrong.

    Without object poses, "pixels" is all that the robot knows of itself.
    """
    pictures, layout = RobotPictures(loop, sight, preset), ObservationLayout(preset)
    felt = layout.proprioception
    return Eyes(pictures.settings, pictures.take, layout.keys, felt, sight.observation)


def _settings(
    robot: Robot, sight: Sight, preset: Preset, cameras: tuple[str, ...]
) -> PictureSettings:
    if isinstance(robot, SimulatedCameras):
        return robot.picture_settings(cameras, sight.image_size, sight.quality)
    if not isinstance(robot, Cameras):
        raise ConfigurationError(
            f"cameras must be the driver's. Got: {', '.join(cameras)}, and {type(robot).__name__} "
            "takes no pictures. Leave cameras out, or try another driver."
        )
    for name in cameras:
        if name not in preset.cameras:
            raise UnknownNameError("camera", name, preset.cameras)
    return PictureSettings(cameras=cameras, image_size=sight.image_size)
