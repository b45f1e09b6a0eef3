"""What the tests of drivers have in common whose controllers servo to the newest pose."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import numpy as np

from real.tasks import rotation
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from real.testing import MisbehavingRobotError, check_robot


def loopback_preset(posture: tuple[float, ...], *, model: str, gripper: str = "") -> Preset:
    """place-orange for another arm, without objects."""
    preset = load_preset("place-orange").untracked()
    (arm,) = preset.arms
    home = arm.home.model_copy(update={"joints": posture})
    update = {"model": model, "joints": len(posture) or arm.joints, "home": home}
    arm = arm.model_copy(update=update | ({"gripper": gripper} if gripper else {}))
    return preset.model_copy(update={"arms": (arm,), "objects": (), "cameras": ()})


def assert_behaves(driver: str, preset: Preset, **options: Any) -> None:
    """Check a driver, once more if need be: who misbehaves does twice, a busy machine does not."""
    try:
        check_robot(driver, preset, **options)
    except MisbehavingRobotError:
        check_robot(driver, preset, **options)


def home_of(preset: Preset) -> np.ndarray:
    """Where a preset's arm is at home: position [m] and rotation vector [rad]. Shape ``(6,)``."""
    home = preset.arms[0].home
    return np.array([*home.position, *rotation.to_vector(np.array(home.quaternion))])


def lift(robot: Any, preset: Preset, height: float) -> np.ndarray:
    """Send the tool up by a height [m], at once; return where it was sent."""
    goal = Coordinates(preset).of(robot.state())
    goal[:, 2] += height
    robot.command(Coordinates(preset).command(goal))
    return goal


def killed_in_motion(module: str, host: str) -> None:
    """Kill a process, by a signal it does not hear, whose arm is 5 cm from where it was sent.

    Args:
        module: Tests with ``connected(host)``, which returns a robot, and its ``PRESET``.
        host: The controller's address.
    """
    words = f"import sys, time\nfrom {module} import PRESET, connected, lift\n"
    words += "lift(connected(sys.argv[1]), PRESET, 0.05)\nprint('moving', flush=True)\n"
    command = [sys.executable, "-c", words + "time.sleep(60.0)", host]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "moving" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
