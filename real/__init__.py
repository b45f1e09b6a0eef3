"""Robots as Gymnasium environments: drivers, control loop with safety filter, tasks, recordings.

The same code runs on a simulated robot and on hardware. Public names are loaded on first use, so
that ``import real`` costs neither pydantic nor MuJoCo.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import Any

# By its path, as the package that it is in may be what is hidden.
_SHADOWING = Path(__file__).parents[1] / "zprl_env" / "loading" / "shadowing.py"
_check_not_hidden = run_path(str(_SHADOWING))["check_not_hidden"]
for _package in ("policies", "zprl_env"):
    _check_not_hidden(_package)

_HOME = {
    "Camera": "real.cameras.camera",
    "CameraError": "real.cameras.camera",
    "Cameras": "real.robot",
    "Clock": "real.clock",
    "EpisodeRecorder": "real.recording.writer",
    "Event": "real.operators",
    "Frame": "real.cameras.camera",
    "Input": "real.people.teleoperator",
    "IdealRobot": "real.drivers.ideal",
    "JointCommand": "real.robot",
    "MisbehavingRobotError": "real.testing",
    "Operator": "real.operators",
    "Preset": "real.tasks.preset",
    "RealRobotEnv": "real.env",
    "RecordedEpisode": "real.recording.reader",
    "Recorder": "real.recording.recorder",
    "Robot": "real.robot",
    "ReflexError": "real.robot",
    "ResettingRobot": "real.robot",
    "RobotCommand": "real.robot",
    "RobotError": "real.robot",
    "RobotState": "real.robot",
    "SafetyFilter": "real.motion.safety",
    "SceneRobot": "real.robot",
    "ScriptedOperator": "real.operators",
    "ScriptedTeleoperator": "real.people.scripted",
    "SimRobot": "real.drivers.sim",
    "SimulatedClock": "real.clock",
    "TaskScene": "real.sim.scene",
    "Teleoperator": "real.people.teleoperator",
    "TeleoperatorError": "real.people.teleoperator",
    "WallClock": "real.clock",
    "check_robot": "real.testing",
    "load_preset": "real.tasks.files",
    "make_robot": "real.drivers",
    "presets": "real.tasks.files",
    "read_recorded": "real.recording.reader",
    "task_facts": "real.tasks.files",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name from its module the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'real' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
