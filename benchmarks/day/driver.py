"""The simulated driver of the day: writes down every command as soon as it has come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tools.watched import Stretch
from real.drivers.sim import SimRobot
from real.robot import JointCommand, RobotCommand, RobotState
from real.tasks.preset import Preset


class LoggedSim(SimRobot):
    """The simulated robot, whose log has a line for whatever it is told.

    Args:
        preset: The task.
        log: File to add to.
        realtime: Whether time is the computer's.
        **options: Those of `real.drivers.sim.SimRobot`.
    """

    def __init__(self, preset: Preset, *, log: str, realtime: bool = True, **options: Any) -> None:
        super().__init__(preset, realtime=realtime, **options)
        self._seen: list[list[float]] = []  # where the arms were last measured to be
        self._log = Path(log).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115

    def state(self) -> RobotState:
        """Measure; see `real.robot.Robot.state`."""
        state = super().state()
        self._seen = np.concatenate([state.position, state.quaternion], axis=1).tolist()
        return state

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Send the arms somewhere; see `real.robot.Robot.command`."""
        super().command(command)
        assert isinstance(command, RobotCommand)
        poses = np.concatenate([command.position, command.quaternion], axis=1).tolist()
        self._note(poses=poses, gripper=np.asarray(command.gripper).tolist(), here=self._seen)

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self._note(event="stop")
        super().stop()

    def home(self) -> None:
        """Go home by the joints; see `real.robot.Robot.home`."""
        self._note(event="home")
        super().home()

    def reset_scene(self, seed: int | None) -> None:
        """Lay out a scene; see `real.robot.SceneRobot.reset_scene`."""
        self._note(event="scene")
        super().reset_scene(seed)

    def close(self) -> None:
        """Stop; see `real.robot.Robot.close`."""
        with closing(self._log):
            if not self._log.closed:
                self._note(event="close")
            super().close()

    def _note(self, **said: Any) -> None:
        self._log.write(json.dumps({"stamp": self.clock.now(), **said}) + "\n")


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Read what was noted; a last line that was cut off is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def stretches(path: Path) -> list[Stretch]:
    """Read a log's commands, in stretches with nothing between them."""
    found: list[Stretch] = []
    going = False
    for said in read_log(path):
        if "event" in said:
            going = False
            continue
        poses, gripper = np.array(said["poses"]), np.array(said["gripper"])
        command = RobotCommand(poses[:, :3], poses[:, 3:], gripper)
        if not (going and found[-1].holds(command)):
            here = np.array(said["here"])
            found.append(Stretch(RobotCommand(here[:, :3], here[:, 3:], gripper)))
            going = True
        found[-1].commands.append(command)
        found[-1].stamps.append(said["stamp"])
    return found
