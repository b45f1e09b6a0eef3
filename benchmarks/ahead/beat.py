"""Beat of the commands that a robot gets, with policies that take their time to decide."""

from __future__ import annotations

import math
from contextlib import closing
from typing import Any

import numpy as np

from benchmarks.ahead.circling import CirclingPolicy
from real.drivers.ideal import IdealRobot
from real.env import RealRobotEnv
from real.operators import ScriptedOperator
from real.robot import JointCommand, RobotCommand
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from zprl_env import LatentSteeringWrapper
from zprl_env.ahead.delay import Inference

POLICIES = (1, 20, 100, 300)
"""Times that a policy takes to decide [ms]."""
RATES = (10, 30, 60)
"""Actions per second [Hz]."""
KINDS: tuple[Inference, ...] = ("sync", "ahead")
CONTROL_RATE = 60
MARGIN = 0.01
"""Time that a decision takes besides the policy's: encoding, waking up [s]."""


class NotingRobot(IdealRobot):
    """An ideal robot in real time that notes when each command came, and where it sends the arm."""

    def __init__(self, preset: Preset) -> None:
        super().__init__(preset, realtime=True)
        self.stamps: list[float] = []
        self.places: list[np.ndarray] = []

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Note a command, and obey."""
        assert isinstance(command, RobotCommand)
        self.stamps.append(self.clock.now())
        self.places.append(command.position[0].copy())
        super().command(command)


def settings(rate: int, milliseconds: int) -> tuple[int, int]:
    """Choose a delay that covers a policy, and a chunk of a third of a second, or as long as that.

    Returns:
        Delay and actions between two decisions.

    >>> settings(30, 100), settings(60, 300)
    ((4, 10), (19, 20))
    """
    delay = max(1, math.ceil((1e-3 * milliseconds + MARGIN) * rate))
    return delay, max(delay, round(rate / 3))


def measure(inference: Inference, rate: int, milliseconds: int, seconds: float) -> dict[str, Any]:
    """Move an arm along a circle and note its commands.

    Args:
        inference: When chunks are decided.
        rate: Actions per second [Hz].
        milliseconds: Time that the policy takes [ms].
        seconds: How long [s].

    Returns:
        Gaps between commands, from the first one of the episode to its end, and how it went.
    """
    delay, n_action_steps = settings(rate, milliseconds)
    preset = load_preset("place-orange").model_copy(
        update={
            "rate": rate,
            "control_rate": CONTROL_RATE,
            "episode_steps": max(2, round(seconds * rate)),
            "n_action_steps": n_action_steps,
        }
    )
    robot = NotingRobot(preset)
    env = RealRobotEnv(
        preset,
        driver=robot,
        operator=ScriptedOperator(),
        inference=inference,
        delay=delay if inference == "ahead" else None,
    )
    policy = CirclingPolicy(preset, 1e-3 * milliseconds, n_action_steps + delay, n_action_steps)
    with closing(env):
        steered = LatentSteeringWrapper(env, policy, scale=0.0, noise="zero")
        steered.reset(seed=0)
        robot.stamps.clear()
        robot.places.clear()
        action, decisions, underruns, over = np.zeros(1), 0, 0, False
        info: dict[str, Any] = {}
        while not over:
            *_, terminated, truncated, info = steered.step(action)
            over, decisions = terminated or truncated, decisions + 1
            underruns = info.get("ahead", {}).get("underruns", 0)
        return {
            "inference": inference,
            "rate": rate,
            "policy_ms": milliseconds,
            "delay": env.delay,
            "n_action_steps": n_action_steps,
            "decisions": decisions,
            **_gaps(robot),
            "brakes": underruns,
            "stop": info["safety"]["stop"],
            "late": info["time"]["late"],
        }


def _gaps(robot: NotingRobot) -> dict[str, Any]:
    """Return what the gaps between commands were like, in milliseconds."""
    period = 1e3 / CONTROL_RATE
    gaps = 1e3 * np.diff(robot.stamps)
    speed = np.linalg.norm(np.diff(robot.places, axis=0), axis=1) * CONTROL_RATE
    return {
        "commands": len(robot.stamps),
        "p99_ms": round(float(np.percentile(gaps, 99)), 3),
        "max_ms": round(float(gaps.max()), 3),
        "irregular": int((np.abs(gaps - period) > period).sum()),
        "speed_before_max": round(float(speed[max(int(gaps.argmax()) - 1, 0)]), 4),
    }
