"""Sight of a robot: its cameras' pictures as observations and in recordings."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import metadata

import numpy as np

from policies.pictures.quality import QUALITIES
from policies.pictures.settings import PictureSettings
from real.cameras.camera import CameraError, PictureWatch, check_picture
from real.cameras.driver import DriverCamera, Take
from real.cameras.reader import CameraReader
from real.cameras.rig import CameraRig
from real.cameras.wiring import Device
from real.clock import SimulatedClock
from real.motion.emergency import source_of
from real.motion.loop import ROBOT_ERRORS, ControlLoop
from real.robot import Cameras, SceneRobot, SimulatedCameras
from real.tasks.layout import ObservationLayout
from real.tasks.preset import Preset
from zprl_env.envs.cameras.eyes import Eyes
from zprl_env.envs.cameras.sight import Sight
from zprl_env.errors import ConfigurationError, UnknownNameError

VGA = 480, 640
"""Height and width that are assumed of a camera that says nothing, to tell what pictures cost."""
AGAIN = 2.0
"""Time after which a camera that failed is opened again for people [s]."""
SHOWN_RATE, SHOWN_SIZE = 5.0, (180, 240)
"""Pictures per second that are taken for people alone [Hz], and their size where they are drawn."""
_SEEN_BY = ("opencv-python-headless", "opencv-python", "pyrealsense2")
"""Distributions whose version may change how a device's pictures look."""


class RobotSight:
    """Sight of a robot: the pictures that its environment observes, and those that are recorded.

    In simulated time a picture is taken when it is asked for, of the present state. Otherwise, and
    for every device of `real.cameras`, threads of their own keep the newest picture of each camera,
    and nothing waits for one.

    Where no picture can be had any more, they are the last ones there were, as the robot's state
    is, and the arms are stopped.

    Args:
        loop: What moves the robot; it is given the cameras that are read beside it.
        preset: The task.
        sight: What is observed; its cameras are the preset's if it names none.
        devices: The laboratory's cameras, by name.
        recorded: Whether all cameras are recorded as they are, besides what is observed.

    Raises:
        ConfigurationError: The robot has no cameras, or none are named.
        UnknownNameError: It has no such camera.
        RenderingError: It is simulated, and there is no OpenGL.

    Attributes:
        eyes: What puts pictures into observations; None without observed cameras.
        recorded: Whether all cameras are recorded as they are.
    """

    def __init__(
        self,
        loop: ControlLoop,
        preset: Preset,
        sight: Sight,
        devices: Mapping[str, Device],
        recorded: bool = False,
    ) -> None:
        self._loop, self._robot, self._sight, self._preset = loop, loop.robot, sight, preset
        self._devices = dict(devices)
        self._stepped = isinstance(self._robot.clock, SimulatedClock)
        self._watches: dict[str, PictureWatch] = {}
        self._last: dict[str, np.ndarray] = {}
        self._observed: CameraRig | None = None
        self._recorded: CameraRig | None = None
        self._shown: CameraRig | None = None
        self._tried = -np.inf
        self._lock = threading.Lock()
        self.eyes: Eyes | None = None
        self.recorded = recorded
        if strange := [name for name in self._devices if name not in preset.cameras]:
            raise UnknownNameError("camera of devices", strange[0], preset.cameras)
        if sight.cameras != ():
            names = preset.cameras if sight.cameras is None else sight.cameras
            if not names:
                raise ConfigurationError(
                    f"The preset {preset.name} must list cameras if none are named. Got: none."
                )
            self._settings = self._describe(names)
            self._observed = self._rig(names, observed=True)
            self._watches = {name: PictureWatch(name) for name in names}
            layout = ObservationLayout(preset)
            felt = layout.proprioception
            self.eyes = Eyes(self._settings, self.take, layout.keys, felt, sight.observation)
        if recorded:
            self._recorded = self._rig(preset.cameras, observed=False)
        loop.rigs = [rig for rig in (self._observed, self._recorded) if rig is not None]

    def take(self) -> Mapping[str, np.ndarray]:
        """Return a picture of each observed camera: taken now in simulated time, else the newest.

        Raises:
            RobotError: There are none, and there were none before; or they are of another size
                than is observed.
        """
        names, size = self._settings.cameras, self._settings.image_size
        rig = self._observed
        try:
            taken = {} if rig is None else rig.pictures([*rig.readers])
            if own := tuple(name for name in names if name not in taken):
                fresh = self._take_of_driver()(own)
                taken |= {name: self._looked_at(name, fresh[name]) for name in own}
        except ROBOT_ERRORS as error:
            if not self._last:
                raise
            self._loop.halt(source_of(error), str(error))
            return {name: picture.copy() for name, picture in self._last.items()}
        self._last = {name: check_picture(name, taken[name], size) for name in names}
        return dict(self._last)

    def whole(self) -> dict[str, np.ndarray]:
        """Return a picture of every camera of the preset as it is, to be recorded.

        Raises:
            RobotError: There are none.
        """
        rig, names = self._recorded, self._preset.cameras
        read = [] if rig is None else [*rig.readers]
        taken = {} if rig is None else rig.whole(read)
        own = tuple(name for name in names if name not in read)
        if own and isinstance(self._robot, Cameras):
            taken |= self._robot.images(own)
        return taken

    def show(self, name: str) -> np.ndarray | None:
        """Return one camera's picture for people; None if there is no such camera.

        Raises:
            RobotError: There is none.
        """
        for rig in self._loop.rigs:
            if name in self._devices and name in rig.readers:
                return rig.whole([name])[name].copy()
        if name not in self._devices and isinstance(self._robot, Cameras):
            return np.asarray(self._robot.images([name])[name])
        return None

    @property
    def is_stepped(self) -> bool:
        """Whether pictures are taken when they are asked for, by whoever has the OpenGL context."""
        return self._stepped

    def watch(self) -> None:
        """Keep every camera's newest picture for people; what fails there stops no arm."""
        if not self._stepped and self._shown is None:
            self._shown = self._rig(self._preset.cameras, observed=False, shown=True)

    def draw(self) -> dict[str, np.ndarray]:
        """Take a picture of every camera for people, drawn quickly where it is drawn.

        Raises:
            RobotError: There are none.
        """
        names = self._preset.cameras
        read = {name: picture for name, picture in self.newest().items() if name in names}
        own = [name for name in names if name not in read]
        if not own or not isinstance(self._robot, Cameras):
            return read
        return read | dict(self._take_for_people()(own))

    def newest(self) -> dict[str, np.ndarray]:
        """Return the newest picture of each camera that is watched and has one; at once.

        Cameras are opened with the robot, and tried again after a while if they fail.
        """
        readers = {} if self._shown is None else self._shown.readers
        now = time.monotonic()
        if self._loop.arms.connected and now - self._tried > AGAIN:
            self._tried = now
            mine = [r for r in readers.values() if r is not self._opened(r.name) and not r.alive]
            for reader in mine:
                reader.start()
        found = {name: reader.whole for name, reader in readers.items()}
        return {name: picture for name, picture in found.items() if picture is not None}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return height and width of cameras that are recorded as they are, where they are known.

        A device that was asked for no size of its own is taken to have 480 x 640 pixels.
        """
        if not self.recorded:
            return {}
        own = getattr(self._robot, "image_size", None) or VGA
        asked = {name: getattr(d.camera, "size", None) or VGA for name, d in self._devices.items()}
        return {name: asked.get(name, own) for name in self._preset.cameras}

    def age(self) -> float | None:
        """Return the age of the oldest picture that is newest of its camera [s].

        None where pictures are taken when they are asked for.
        """
        ages = [age for rig in self._loop.rigs for age in rig.ages().values()]
        return max(ages, default=None)

    def close(self) -> None:
        """Close all cameras and wait for their threads; a second call does nothing."""
        with ExitStack() as stack:
            for rig in (*self._loop.rigs, self._shown):
                if rig is not None:
                    stack.callback(rig.close)

    def _looked_at(self, name: str, picture: np.ndarray) -> np.ndarray:
        """Return a picture that was taken now, if it shows what is there now.

        Raises:
            CameraError: It is black, or the same although the arms moved.
        """
        picture = check_picture(name, picture, self._settings.image_size)
        watch = self._watches[name]
        shown = watch.see(picture)
        if not self._loop.moving:
            watch.rest()
        if not shown:
            raise CameraError(f"the camera {name} must show something; got black or one colour")
        if wrong := watch.fault(self._preset.watchdog.max_equal_pictures):
            raise CameraError(wrong)
        return picture

    def _take_of_driver(self, observed: bool = True) -> Take:
        """Return what takes a picture with the driver's own cameras."""
        robot, sight = self._robot, self._sight
        if observed and isinstance(robot, SimulatedCameras):
            simulated = robot
            return lambda names: simulated.frames(names, sight.image_size, sight.quality)
        return robot.images  # type: ignore[attr-defined]

    def _rig(self, names: Sequence[str], observed: bool, shown: bool = False) -> CameraRig | None:
        """Make readers of those cameras that are read beside the control; None if there are none.

        A camera is opened once: what is recorded of a device that is observed is the same picture.
        """
        readers = {}
        size = self._sight.image_size if observed else None
        simulated = isinstance(self._robot, SimulatedCameras)
        for name in names:
            both = None if observed else self._opened(name)
            if name in self._devices:
                device = self._devices[name]
                fitting = device.fitting(size)
                readers[name] = both or CameraReader(name, device.camera, fitting)
            elif not self._stepped and isinstance(self._robot, Cameras):
                camera = DriverCamera(
                    name,
                    self._take_for_people() if shown else self._take_of_driver(observed),
                    self._lock,
                    rate=SHOWN_RATE if shown else self._preset.rate,
                    noiseless=isinstance(self._robot, SceneRobot),
                )
                shared = None if simulated else both  # which draws others for people
                readers[name] = shared or CameraReader(name, camera)
        limits = self._preset.watchdog
        if not readers:
            return None
        return CameraRig(readers, limits.max_picture_age, limits.max_equal_pictures)

    def _take_for_people(self) -> Take:
        """Return what takes a picture that is small and quickly drawn, where it is drawn at all."""
        robot = self._robot
        if isinstance(robot, SimulatedCameras):
            simulated, quality = robot, QUALITIES["fast"]
            return lambda names: simulated.frames(names, SHOWN_SIZE, quality)
        return self._take_of_driver(observed=False)

    def _opened(self, name: str) -> CameraReader | None:
        """Return what reads a camera already, as it is if it can be."""
        for rig in (self._recorded, self._observed):
            if rig is not None and name in rig.readers:
                return rig.readers[name]
        return None

    def _describe(self, cameras: tuple[str, ...]) -> PictureSettings:
        """Describe what is observed: size, quality and poses, or the devices."""
        robot, size, quality = self._robot, self._sight.image_size, self._sight.quality
        own = tuple(name for name in cameras if name not in self._devices)
        if own and isinstance(robot, SimulatedCameras):
            simulated = robot.picture_settings(own, size, quality)
            if own == cameras:
                return simulated
        elif own and not isinstance(robot, Cameras):
            raise ConfigurationError(
                f"cameras must be the driver's, or of devices. Got: {', '.join(own)}, and "
                f"{type(robot).__name__} takes no pictures. Name them in devices, leave cameras "
                "out, or try another driver."
            )
        for name in own:
            if name not in self._preset.cameras:
                raise UnknownNameError("camera", name, self._preset.cameras)
        told = "; ".join(f"{n}: {d.description}" for n, d in self._devices.items() if n in cameras)
        return PictureSettings(
            cameras=cameras,
            image_size=size,
            renderer="".join(filter(str.isprintable, told))[:200],
            versions=_versions() if told else {},
        )


def check_seen(mine: PictureSettings | None, its: PictureSettings | None) -> list[str]:
    """Refuse a robot's pictures to a policy that was made for others.

    Args:
        mine: What the policy was trained with; None for one that does not see.
        its: What the robot's pictures are made with.

    Returns:
        What may change how pictures look besides: worth a warning.

    Raises:
        ConfigurationError: They do not fit; both sides are named.
    """
    if mine is None:
        return []
    if its is None:
        raise ConfigurationError(
            f"this policy sees: the robot must be observed with cameras={mine.cameras}. Got: no "
            "cameras."
        )
    if wrong := mine.difference(its):
        raise ConfigurationError(
            f"the robot's pictures must be as the policy's were. Got: {'; '.join(wrong)}, the "
            "policy's first."
        )
    return mine.deviation(its)


def _versions() -> dict[str, str]:
    found = {}
    for name in _SEEN_BY:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
