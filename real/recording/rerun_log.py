"""A log for the eye: pictures, poses, chunks and safety as a stream for Rerun's viewer."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from policies.pictures.settings import PictureSettings
from real.recording.jpeg import jpeg
from real.recording.recorder import Step, Tick
from real.robot import RobotState
from real.tasks.coordinates import GRIPPER, POSITION, coordinates_of
from real.tasks.plans import places_of
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import OUTCOME, Verdict
from zprl_env.envs.takeover import TAKEOVER
from zprl_env.errors import ConfigurationError, MissingExtraError

CONNECT = "connect"
"""Word that connects to a viewer that is running."""
VIEWER = "127.0.0.1:9876"
"""Address at which a viewer listens that was told none."""
PATIENCE = 2.0
"""Time that a viewer has to take a connection [s]."""
TIME, STEP, EPISODE = "robot_time", "step", "episode"
"""Timelines: the robot's clock [s], steps since the beginning, and episodes."""


class RerunLog:
    """Recorder for people's eyes: it keeps no data set, and nothing is read back from it.

    ``arm_N/measured`` and ``arm_N/commanded`` are positions [m], ``arm_N/plan`` where the chunk
    leads, ``arm_N/speed`` [m/s] and ``arm_N/gripper``; ``cameras/NAME`` the pictures,
    ``safety/NAME`` what limits have changed, and ``words`` what happened.

    Args:
        where: An .rrd file; ``"connect"`` to a viewer on this machine, or ``"connect:HOST:PORT"``.

    Raises:
        MissingExtraError: Rerun is not installed.
        ConfigurationError: It can be written to no such file, or no viewer listens there.
    """

    def __init__(self, where: str) -> None:
        try:
            import rerun
        except ModuleNotFoundError:
            raise MissingExtraError("rerun-sdk", "rerun") from None
        self._rerun: Any = rerun
        self._stream = rerun.new_recording("zprl-env")
        kind, _, address = where.partition(":")
        if kind == CONNECT:
            rerun.connect_tcp(_viewer(address or VIEWER), recording=self._stream)
        elif Path(where).suffix != ".rrd":
            raise ConfigurationError(f"--rerun must be connect or an .rrd file. Got: {where}.")
        else:
            try:
                Path(where).parent.mkdir(parents=True, exist_ok=True)
                rerun.save(where, recording=self._stream)
            except (OSError, RuntimeError) as error:
                raise ConfigurationError(f"cannot stream to {where}: {error}.") from error
        self._preset: Preset | None = None
        self._sent = np.zeros((0, 0))
        self._steps = self._episodes = 0
        self._stop, self._by, self._closed = "", "", False
        self._verdicts: list[tuple[Verdict, int]] = []

    def expect(
        self,
        preset: Preset,
        settings: PictureSettings | None,
        images: Mapping[str, tuple[int, int]],
    ) -> None:
        """Pictures will come, which are no burden here."""

    def look(self, pictures: Mapping[str, np.ndarray]) -> None:
        """Log what is seen first."""
        self._log_pictures(pictures)

    def begin(
        self, preset: Preset, observation: np.ndarray, state: RobotState, info: Mapping[str, Any]
    ) -> None:
        """An episode begins."""
        self._preset, self._sent = preset, coordinates_of(preset).home
        self._episodes += 1
        self._by = self._stop = ""
        self._at(state.stamp)
        self._say(f"Episode {self._episodes} of {preset.name} begins, scene {info.get('seed')}.")
        for number, arm in enumerate(preset.arms):
            if arm.safety.boxed and preset.space == "pose":
                low, high = np.array(arm.safety.low), np.array(arm.safety.high)
                box = self._rerun.Boxes3D(mins=[low], sizes=[high - low])
                self._log(f"arm_{number}/box", box, static=True)

    def note_plan(self, actions: np.ndarray) -> None:
        """A chunk begins: where it would lead."""
        if self._preset is None or self._preset.space != "pose":
            return
        places = places_of(self._preset, self._sent, np.asarray(actions, np.float64))
        for number in range(len(self._sent)):
            path = np.concatenate([self._sent[None, number, POSITION], places[:, number, POSITION]])
            self._log(f"arm_{number}/plan", self._rerun.LineStrips3D([path]))

    def add(self, step: Step) -> None:
        """An action was carried out."""
        self._steps += 1
        if OUTCOME in step.info:
            self._verdicts.append((step.info[OUTCOME], self._episodes))
        for tick in step.ticks:
            self._log_tick(tick)
        self._log_pictures({**step.pictures, **step.images})
        safety = step.info.get("safety", {})
        for name, value in safety.items():
            if isinstance(value, int | float):
                self._log(f"safety/{name}", self._scalar(value))
        people = step.info.get(TAKEOVER)
        if people is not None and people["by"] != self._by:
            self._by = people["by"]
            self._say(f"The arms are the {self._by}'s.")
        stop = str(safety.get("stop", ""))
        if stop and stop != self._stop:
            self._say(f"Stopped by the {safety.get('stop_source')}: {stop}", "ERROR")
        self._stop = stop

    def end(self, outcome: str) -> None:
        """The episode is over."""
        self._say(f"Episode {self._episodes}: {outcome}.")

    def amend(self, outcome: str, verdict: Verdict) -> None:
        """An episode has another outcome after all."""
        found = [number for known, number in self._verdicts if known is verdict]
        self._say(f"Episode {found[0] if found else self._episodes} is {outcome} after all.")

    def close(self) -> None:
        """Bring everything to the file, or to the viewer; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._rerun.disconnect(recording=self._stream)

    def _log_tick(self, tick: Tick) -> None:
        """Log one control period."""
        self._at(tick.stamp)
        preset = self._preset
        if tick.command is not None and preset is not None:
            self._sent = coordinates_of(preset).of(tick.command)
        for number in range(len(self._sent)):
            if preset is not None and preset.space == "pose":
                self._point(f"arm_{number}/commanded", self._sent[number, POSITION])
            self._log(f"arm_{number}/gripper", self._scalar(float(self._sent[number, GRIPPER])))
        if tick.state is None:
            return
        for number, position in enumerate(tick.state.position):
            self._point(f"arm_{number}/measured", position)
            speed = float(np.linalg.norm(tick.state.linear_velocity[number]))
            if np.isfinite(speed):
                self._log(f"arm_{number}/speed", self._scalar(speed))

    def _log_pictures(self, pictures: Mapping[str, np.ndarray]) -> None:
        for name, picture in pictures.items():
            image = self._rerun.EncodedImage(contents=jpeg(picture), media_type="image/jpeg")
            self._log(f"cameras/{name}", image)

    def _point(self, path: str, position: np.ndarray) -> None:
        if np.isfinite(position).all():
            self._log(path, self._rerun.Points3D([position], radii=[0.008]))

    def _say(self, text: str, level: str = "INFO") -> None:
        self._log("words", self._rerun.TextLog(text, level=level))

    def _scalar(self, value: float) -> Any:
        return self._rerun.Scalar(value)

    def _at(self, stamp: float) -> None:
        """Say when what follows was."""
        rerun, stream = self._rerun, self._stream
        rerun.set_time_seconds(TIME, stamp, recording=stream)
        rerun.set_time_sequence(STEP, self._steps, recording=stream)
        rerun.set_time_sequence(EPISODE, self._episodes, recording=stream)

    def _log(self, path: str, what: Any, *, static: bool = False) -> None:
        self._rerun.log(path, what, static=static, recording=self._stream)


def _viewer(address: str) -> str:
    """Return a viewer's address, once it was tried: Rerun's own connection fails in silence.

    Raises:
        ConfigurationError: It is none, or nobody listens there.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=PATIENCE):
            return address
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"--rerun {CONNECT} must find a viewer that listens at HOST:PORT. Got: {address!r} "
            f"({error}). Start one with: rerun"
        ) from None


def open_rerun(where: str | None) -> RerunLog | None:
    """Open a stream for Rerun, if one is wanted.

    Args:
        where: As :class:`RerunLog` takes it.
    """
    return None if where is None else RerunLog(where)
