"""franky-sim in a process of its own: a Franka arm that speaks libfranka's protocol on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import time
from typing import Any

import numpy as np

from tests.helpers.robots.child import Child, answer

BEHIND = 0.02
"""Time that the simulation may catch up [s]; more is lost, as it is by franky-sim's own server."""


class FrankaSim(Child):
    """A simulated arm with its hand, until it is switched off."""

    def __init__(self) -> None:
        super().__init__("tests.helpers.robots.franka_sim")

    def where(self) -> tuple[float, np.ndarray]:
        """Return the arm's time [s], and where its tool is [m]. Shape ``(3,)``."""
        seconds, *position = self.ask("where")
        return seconds, np.array(position)

    def load(self) -> tuple[float, list[float], list[float]]:
        """Return the load that the arm was told: mass [kg], center [m], inertia [kg m^2]."""
        mass, *rest = self.ask("load")
        return mass, rest[:3], rest[3:]

    def reflex(self) -> None:
        """Have the arm's own protection end its motion, as a collision does."""
        self.ask("reflex")


def _serve() -> None:
    """Run the simulation at 1 kHz, and answer on stdin."""
    import pinocchio

    if not hasattr(pinocchio.Frame, "parentJoint"):  # Pinocchio's name since 3; 2.7 takes NumPy 1
        pinocchio.Frame.parentJoint = property(lambda frame: frame.parent)
    from franky_sim import SimulationServer
    from franky_sim.mujoco_simulator import MujocoSimulator

    with contextlib.suppress(OSError):  # where it may, it goes first
        os.nice(-10)
    with MujocoSimulator() as simulator:
        arm = simulator.add_robot()
        with SimulationServer(simulator) as server:
            (robot,) = server.robot_servers
            answer(robot.hostname)
            due, steps = time.monotonic(), 0
            while True:
                robot.process_commands()
                simulator.step()
                robot.send_state()
                steps += 1
                if steps % 10 == 0 and select.select([sys.stdin], [], [], 0.0)[0]:
                    _reply(sys.stdin.readline().strip(), robot, arm, 0.001 * steps)
                due = max(due + 0.001, time.monotonic() - BEHIND)
                if (left := due - time.monotonic()) > 0.0:
                    time.sleep(left)


def _reply(asked: str, server: Any, arm: Any, now: float) -> None:
    if not asked:
        sys.exit()
    what = json.loads(asked)["what"]
    if what == "load":
        answer([arm.m_load, *arm.F_x_Cload, *arm.I_load])
        return
    if what == "reflex":
        _reflex(server)
    position = arm.kinematics(np.array(arm.inner_state.q)).translation
    answer([now, *position])


def _reflex(server: Any) -> None:
    """End the motion as a reflex does, which is a state until the client recovers from it.

    franky-sim has none by itself. What is sent is libfranka's: the motion's end with its reason,
    and the robot's mode in every state from then on.
    """
    from franky_sim.franka_robot_protocol import AutomaticErrorRecoveryCommand as Recovery
    from franky_sim.franka_robot_protocol import MoveStatus, RobotCommand, RobotMode
    from franky_sim.franka_server import BaseCommand

    kind = type(server)
    healthy, handle = kind.robot_state, Recovery.handle

    def recovered(command: Any, server: Any) -> None:
        kind.robot_state, Recovery.handle = healthy, handle
        handle(command, server)

    def stopped(server: Any) -> Any:
        return healthy.fget(server).replace(robot_mode=RobotMode.kReflex)

    kind.robot_state, Recovery.handle = property(stopped), recovered
    motion = server.current_motion_id
    server.stop_motion(send_preemption_signal=False)
    if motion:
        told = (RobotCommand.kMove, motion, MoveStatus.kReflexAborted)
        BaseCommand.send_response(server._tcp_socket, *told)
        server.reset_current_motion_id()


if __name__ == "__main__":
    _serve()
