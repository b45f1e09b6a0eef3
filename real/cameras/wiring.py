"""Wiring of a laboratory's cameras: which device has which name, from a YAML file or a mapping."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from real.cameras.camera import Camera
from real.cameras.fitting import Fitting
from real.cameras.reader import CameraReader
from real.cameras.rig import CameraRig
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object
from zprl_env.loading.yaml_file import read_yaml

CAMERAS = {
    "opencv": "real.cameras.opencv:OpenCVCamera",
    "realsense": "real.cameras.realsense:RealSenseCamera",
    "file": "real.cameras.file:FileCamera",
}
"""Modules and classes of the cameras by kind; none is imported before it is asked for."""
FITTING = ("crop", "turn")
"""Settings of a camera that are none of its class's; see `Fitting`."""

DevicesLike: TypeAlias = "Mapping[str, Any] | str | PathLike[str]"
"""A YAML file, or settings by the camera's name; or cameras that are there already."""


class Device(NamedTuple):
    """A camera, and how its pictures are cropped and turned.

    Attributes:
        camera: What takes them.
        crop: See `Fitting`.
        turn: See `Fitting`.
    """

    camera: Camera
    crop: tuple[int, int, int, int] | None = None
    turn: int = 0

    def fitting(self, image_size: tuple[int, int] | None) -> Fitting:
        """Return how its pictures become those of a size."""
        return Fitting(image_size, self.crop, self.turn)

    @property
    def description(self) -> str:
        """One line on the device and its fitting."""
        told = str(getattr(self.camera, "description", type(self.camera).__name__))
        fitted = str(self.fitting(None))
        return f"{told}, {fitted}" if fitted else told


def make_devices(devices: DevicesLike | None) -> dict[str, Device]:
    """Make a laboratory's cameras from their settings; nothing is opened.

    Args:
        devices: A YAML file or mapping of settings by name: ``kind``, one of `CAMERAS`, the
            settings of that class, ``crop`` and ``turn``. In a mapping a value may also be a
            camera, and ``kind`` ``"module:Class"``; a file does not choose what is imported.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigurationError: The file cannot be read, or a setting is unknown or impossible.
        MissingExtraError: What a kind needs is not installed.

    >>> made = make_devices({"front": {"kind": "opencv", "device": 2, "turn": 180}})
    >>> made["front"].description
    'opencv 2, turned 180'
    """
    if devices is None:
        return {}
    settings: Any = devices
    file = not isinstance(devices, Mapping)
    if not isinstance(devices, Mapping):
        hint = "Try front: {kind: opencv, device: 0}."
        settings = read_yaml(Path(devices), "Cameras' settings", hint)
    if not isinstance(settings, Mapping) or not all(isinstance(name, str) for name in settings):
        raise ConfigurationError(
            f"devices must be settings by the camera's name. Got: {str(settings)[:120]}. Try "
            "front: {kind: opencv, device: 0}."
        )
    return {name: _device(name, value, file) for name, value in settings.items()}


def make_camera(kind: str, **settings: Any) -> Camera:
    """Make a camera by its kind, or by ``"module:Class"``; nothing is opened.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigurationError: A setting is unknown or impossible.
        MissingExtraError: What it needs is not installed.
    """
    if kind not in CAMERAS and ":" not in kind:
        raise UnknownNameError("kind of camera", kind, [*CAMERAS, "module:Class"])
    made: Callable[..., Camera] = load_object(CAMERAS.get(kind, kind), "camera")
    try:
        inspect.signature(made).bind(**settings)
    except TypeError as error:
        known = ", ".join([*inspect.signature(made).parameters, *FITTING])
        raise ConfigurationError(f"A camera of kind {kind} takes: {known}. Got: {error}.") from None
    return made(**settings)


def make_rig(devices: DevicesLike | None, known: Sequence[str] | None = None) -> CameraRig:
    """Make a rig of a laboratory's cameras, whose pictures are turned and cropped, not scaled.

    Args:
        devices: As :func:`make_devices` takes them.
        known: Names that they may have; any if None.

    Raises:
        UnknownNameError: There is no such kind, or a name that is not known.
        ConfigurationError: The file cannot be read, or a setting is unknown or impossible.
        MissingExtraError: What a kind needs is not installed.
    """
    made = make_devices(devices)
    for name in made:
        if known is not None and name not in known:
            raise UnknownNameError("camera of devices", name, known)
    return CameraRig({n: CameraReader(n, d.camera, d.fitting(None)) for n, d in made.items()})


def _device(name: str, value: Any, file: bool) -> Device:
    if isinstance(value, Device):
        return value
    if not isinstance(value, Mapping):
        if not file and all(hasattr(value, part) for part in ("connect", "frame", "close")):
            return Device(value)
        raise ConfigurationError(
            f"The camera {name} must have settings. Got: {value!r}. Try "
            f"{name}: {{kind: opencv, device: 0}}."
        )
    settings = dict(value)
    kind = settings.pop("kind", None)
    fitting = {key: settings.pop(key) for key in FITTING if key in settings}
    if not isinstance(kind, str) or (file and kind not in CAMERAS):
        raise UnknownNameError(f"kind of the camera {name}", str(kind), CAMERAS)
    Fitting(None, **fitting)  # refuses what is impossible
    try:
        return Device(make_camera(kind, **settings), **fitting)
    except ConfigurationError as error:
        if isinstance(error, UnknownNameError):
            raise
        raise ConfigurationError(f"The camera {name}: {error}") from None
