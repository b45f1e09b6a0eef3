"""Checks of a robot driver in motion, and what moves its arms for them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from real.clock import SimulatedClock
from real.motion.safety import SafetyFilter
from real.robot import Robot, RobotError, RobotState
from real.tasks import rotation
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, coordinates_of
from real.tasks.preset import Preset

REACH, NEAR = 0.03, 0.01
"""Distance that the arms are moved, and their largest error afterwards [m]."""
TURN, ALIKE = 0.15, 0.06
"""Angle that the arms are turned, and their largest error afterwards [rad]."""
UNLIKE = 0.75
"""Share of a way that reported velocities may differ from it by: noise, but no other unit, no other
frame, and not zero."""
QUICK = 0.25
"""Longest time that a call may take [s]."""
SETTLED, QUIET = 1.0, 0.15
"""Time that arms get to come to rest [s], and the time after which those count as being there that
have not moved meanwhile."""
BEHIND = 0.4
"""Time that measured arms may be behind where they are sent [s]: longer than an arm's own delay."""


def goes_where_it_is_sent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Each arm follows along and about every axis, both ways, and holds still without commands."""
    coordinates = coordinates_of(preset)
    for axis in driven_axes(preset):
        for sign in (1.0, -1.0):
            goal = away_from_home(preset, axis, sign)
            if preset.space == "pose":
                goal[:, ROTATION][:, axis.place] += sign * TURN
            move(robot, preset, goal)
            state = robot.state()
            if (error := how_far(preset, state, goal)) > axis.near:
                yield (
                    f"an arm sent {sign * axis.reach:+g} {axis.unit} {axis.name} must get within "
                    f"{axis.near} {axis.unit}, it is {error:.3f} {axis.unit} off"
                )
            if preset.space == "joints":
                continue
            if (
                error := how_turned(state.quaternion, coordinates.command(goal).quaternion)
            ) > ALIKE:
                yield (
                    f"an arm turned {sign * TURN:+g} rad about {'xyz'[axis.place]} must get within "
                    f"{ALIKE} rad, it is {error:.3f} rad off"
                )
    move(robot, preset, coordinates.home)
    before = coordinates.of(robot.state())
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    if (drift := how_far(preset, robot.state(), before)) > axis.near:
        yield f"arms without commands must stay where they are, drifted {drift:.3f} {axis.unit}"


def measures_its_velocity(robot: Robot, preset: Preset) -> Iterator[str]:
    """Velocities are those of the way, in metres and radians per second, in the base's frame."""
    home = coordinates_of(preset).home
    goal = home + TURN if preset.space == "joints" else home.copy()
    if preset.space == "pose":  # along and about all axes at once: no other frame is alike
        goal[:, POSITION] += REACH
        goal[:, ROTATION] += TURN
    goal[:, GRIPPER] = home[:, GRIPPER]
    states, sent = move_for(robot, preset, SafetyFilter(preset).clip(goal), SETTLED + BEHIND)
    move(robot, preset, home)
    yield from _keeps_up(preset, states, sent)
    ways = {name: way for name, way in _ways(states).items() if preset.space in way.spaces}
    for name, way in ways.items():
        said = np.array([getattr(state, name) for state in states])
        if not said.size:
            continue  # joints' velocities are told by those who know them
        lasting = np.diff([state.stamp for state in states])[:, None, None]
        summed = np.sum(0.5 * (said[1:] + said[:-1]) * lasting, axis=0)
        off = np.linalg.norm(summed - way.gone, axis=1)
        if (off > UNLIKE * np.linalg.norm(way.gone, axis=1) + way.noise).any():
            yield (
                f"{name} must be that of the way, which was {way.gone.round(3).tolist()} "
                f"{way.unit}; it sums up to {summed.round(3).tolist()}"
            )


class _Way(NamedTuple):
    """What a velocity should sum up to: the way that was gone, how small it may be, and where."""

    gone: np.ndarray
    unit: str
    noise: float
    spaces: tuple[str, ...]


def _ways(states: list[RobotState]) -> dict[str, _Way]:
    """Return the ways of all velocities."""
    turns = [
        rotation.to_vector(rotation.multiply(b.quaternion, rotation.inverse(a.quaternion)))
        for a, b in itertools.pairwise(states)
    ]
    first, last = states[0], states[-1]
    joints = np.zeros((0, 0)) if not len(first.joints) else np.array(last.joints) - first.joints
    both = ("pose", "joints")
    return {
        "linear_velocity": _Way(last.position - first.position, "m", 0.0, ("pose",)),
        "angular_velocity": _Way(np.sum(turns, axis=0), "rad", 0.0, ("pose",)),
        "joint_velocities": _Way(joints, "rad", 0.05, both),
    }


def _keeps_up(preset: Preset, states: list[RobotState], sent: np.ndarray) -> Iterator[str]:
    """Arms are measured to be where they were sent a short time ago, not long ago."""
    axes = [axis.place for axis in driven_axes(preset)]
    seen = np.array([coordinates_of(preset).of(state) for state in states])[:, :, axes]
    sent = sent[:, :, axes]
    half = 0.5 * (sent[0] + sent[-1])
    for arm, axis in np.ndindex(half.shape):
        told, came = (
            np.argmax(np.abs(way - way[0])[:, arm, axis] > np.abs(half - sent[0])[arm, axis])
            for way in (sent, seen)
        )
        late = (came - told) / preset.control_rate
        if not came or late > BEHIND:
            how = f"{late:.2f} s" if came else "not there at all"
            yield (
                f"arms must be measured at most {BEHIND:g} s behind where they were sent, they are "
                f"{how}: is it what is measured, and when it is?"
            )
            return


def falls_silent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Arms whose commands end in motion stay where the last one put them."""
    axis = driven_axes(preset)[UP]
    goal = away_from_home(preset, axis)
    move_for(robot, preset, goal, 0.3)
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    here = coordinates_of(preset).of(robot.state())
    beyond = float((here - goal)[:, axis.place].max())
    if beyond > 0.5 * axis.near:
        yield (
            f"arms whose commands end in motion must stay where the last one put them, they went "
            f"{beyond:.3f} {axis.unit} too far in {SETTLED:g} s of silence"
        )
    robot.stop()
    move(robot, preset, coordinates_of(preset).home)


def stops_beside(robot: Robot, preset: Preset) -> Iterator[str]:
    """A stop waits for no other call, which another thread is in."""
    if isinstance(robot.clock, SimulatedClock):
        return  # in which nothing else goes on
    move(robot, preset, away_from_home(preset, driven_axes(preset)[UP]))
    with ThreadPoolExecutor(1) as beside:
        homing = beside.submit(robot.home)
        time.sleep(0.1)
        began = time.monotonic()
        robot.stop()
        took = time.monotonic() - began
        with suppress(RobotError):
            homing.result()
    if took > QUICK:
        yield f"stop() must return within {QUICK} s while home() is under way, took {took:.2f} s"
    robot.home()


def grips(robot: Robot, preset: Preset) -> Iterator[str]:
    """Grippers that a task commands close and open."""
    if "gripper" not in preset.action:
        return
    binary = any(arm.gripping.kind == "binary" for arm in preset.arms)
    for opening in (0.0, 1.0) if binary else (0.0, 0.5, 1.0):
        goal = coordinates_of(preset).home
        goal[:, GRIPPER] = opening
        move(robot, preset, goal)
        for _ in range(4):  # hands take their time
            got = robot.state().gripper
            if np.abs(got - opening).max() > 0.1:
                move_for(robot, preset, goal, 0.5)
        got = robot.state().gripper
        if np.abs(got - opening).max() > 0.3:
            yield f"grippers sent to {opening:g} must get there, got {got.round(2).tolist()}"


def stops(robot: Robot, preset: Preset) -> Iterator[str]:
    """A stop holds, can be repeated, and commands move the arms again."""
    home, axis = coordinates_of(preset).home, driven_axes(preset)[UP]
    move_for(robot, preset, away_from_home(preset, axis), 10 / preset.control_rate)
    robot.stop()
    robot.stop()
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    before = coordinates_of(preset).of(robot.state())
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    if (drift := how_far(preset, robot.state(), before)) > 0.5 * axis.near:
        yield f"stopped arms must hold still, drifted {drift:.3f} {axis.unit}"
    move(robot, preset, home)
    if how_far(preset, robot.state(), home) > axis.near:
        yield "arms must follow commands again after stop()"


class Axis(NamedTuple):
    """An axis that arms are sent along: its place among coordinates, and how far."""

    place: int
    name: str
    reach: float
    near: float
    unit: str


UP = -1
"""Place of the axis along which arms are stopped: upwards, or the last joint."""


def driven_axes(preset: Preset) -> list[Axis]:
    """Return the axes that arms are sent along: of space, or their joints."""
    if preset.space == "pose":
        return [Axis(n, f"along {name}", REACH, NEAR, "m") for n, name in enumerate("xyz")]
    joints = range(preset.arms[0].joints)
    return [Axis(n, f"of joint {n + 1}", TURN, ALIKE, "rad") for n in joints]


def away_from_home(preset: Preset, axis: Axis, sign: float = 1.0) -> np.ndarray:
    """Return where arms are that were sent from home along an axis, as far as they may."""
    goal = coordinates_of(preset).home
    goal[:, axis.place] += sign * axis.reach
    return SafetyFilter(preset).clip(goal)


def how_far(preset: Preset, state: RobotState, goal: np.ndarray) -> float:
    """Return how far arms are from a goal, along the axes that they are sent along [m or rad]."""
    axes = [axis.place for axis in driven_axes(preset)]
    return float(np.abs(coordinates_of(preset).of(state) - goal)[:, axes].max())


def how_turned(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest angle between orientations [rad]."""
    turns = rotation.to_vector(rotation.multiply(np.asarray(a), rotation.inverse(np.asarray(b))))
    return float(np.linalg.norm(turns, axis=-1).max())


def move(robot: Robot, preset: Preset, goal: np.ndarray) -> None:
    """Send the arms somewhere through the safety filter, and give them time to settle."""
    coordinates, seen = coordinates_of(preset), []
    settling, quiet = int(preset.control_rate * SETTLED), int(preset.control_rate * QUIET) + 1
    for safety in _sending(robot, preset, goal, SETTLED + 3.0):
        if safety.at_rest and np.abs(safety.coordinates - goal).max() < NEAR:
            settling -= 1
            seen.append(coordinates.of(robot.state())[:, MOTION])
            last = np.array(seen[-quiet:])
            off, moved = np.abs(last - goal[:, MOTION]).max(), np.ptp(last, axis=0).max()
            if settling <= 0 or (len(seen) >= quiet and off < 0.3 * NEAR and moved < 0.1 * NEAR):
                return


def move_for(
    robot: Robot, preset: Preset, goal: np.ndarray, seconds: float
) -> tuple[list[RobotState], np.ndarray]:
    """Send the arms somewhere for a while; return what was measured, and where they were sent."""
    states, sent = [], []
    for safety in _sending(robot, preset, goal, seconds):
        states.append(robot.state())
        sent.append(safety.coordinates.copy())
    return states, np.array(sent)


def _sending(
    robot: Robot, preset: Preset, goal: np.ndarray, seconds: float
) -> Iterator[SafetyFilter]:
    """Send the arms somewhere, command by command; yields the filter after each one's period."""
    coordinates, safety = coordinates_of(preset), SafetyFilter(preset)
    safety.restart(coordinates.of(robot.state()))
    period = 1.0 / preset.control_rate
    due = robot.clock.now()
    for _ in range(round(seconds * preset.control_rate)):
        robot.command(coordinates.command(safety.advance(goal, preset.reset_speed).coordinates))
        due = max(due + period, robot.clock.now())
        robot.clock.sleep_until(due)
        yield safety
