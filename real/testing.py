"""Conformance tests for robot drivers: ``python -m real.testing --driver my_lab:MyRobot``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from real.clock import SimulatedClock
from real.drivers import DriverLike, driver_settings, make_robot
from real.motion.safety import SafetyFilter
from real.motion.watchdog import fault
from real.robot import Cameras, JointCommand, Robot, RobotError, RobotState, SceneRobot
from real.tasks import rotation
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, Coordinates, coordinates_of
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from zprl_env import cli
from zprl_env.errors import ZprlError

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


class MisbehavingRobotError(ZprlError):
    """A driver breaks the contract of :class:`real.robot.Robot`; every fault found is named."""


@dataclass(frozen=True)
class Conformance:
    """Check a driver against everything that the environment relies on.

    The arms move by 3 cm and turn by 0.15 rad around the preset's home; of joints each by 0.15 rad
    where those are commanded: look that nothing is in the way. It takes half a minute, and tells
    everything that is wrong at once: directions, units, velocities, time stamps, grippers, a stop
    in motion, silence in motion, what blocks, and what goes on after it was closed.
    """

    driver: str
    """Driver to test: sim, ideal, remote, serl, franka, ur, xarm, lerobot:TYPE, or a class of yours
    as module:Class."""
    task: str = "place-orange"
    """Preset that it is made for, by name or path."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the driver, such as host=172.16.0.2 of franka; values are JSON or words, and an
    unknown name is answered with those that there are."""
    url: str | None = None
    """Address of its server, for serl and remote: short for --driver-kwargs url=URL."""
    realtime: bool = False
    """Let a simulated robot take its time: short for --driver-kwargs realtime=true."""

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> dict[str, Any]:
        """Return the driver's settings, wherever they were given."""
        return driver_settings(self.driver_kwargs, url=self.url, realtime=self.realtime)


def check_robot(driver: DriverLike, preset: Preset | str, **options: Any) -> None:
    """Test a driver against everything that the environment relies on.

    Args:
        driver: As :func:`real.drivers.make_robot` takes it.
        preset: The task it is made for.
        **options: The driver's own settings.

    Raises:
        MisbehavingRobotError: It does not; the message lists everything that was found.
        ConfigurationError: There is no such driver, preset or setting.

    Example:
        >>> check_robot("ideal", "place-orange")
    """
    task = load_preset(preset)
    robot = make_robot(driver, task, **options)
    findings = []
    try:
        for check in CHECKS:
            try:
                findings += [
                    f"{check.__name__.strip('_')}: {found}" for found in check(robot, task)
                ]
            except Exception as error:
                told = type(error).__name__
                findings.append(f"{check.__name__.strip('_')}: raised {told}: {error}")
                if check is _connects:
                    break
    finally:
        with suppress(Exception):
            robot.close()
    if findings:
        raise MisbehavingRobotError(
            f"{type(robot).__name__} must behave. Got: " + "; ".join(findings)
        )


def _connects(robot: Robot, preset: Preset) -> Iterator[str]:
    """Connects, twice, and goes home."""
    robot.connect()
    robot.connect()
    robot.home()
    state = robot.state()
    yield from _sound(robot, preset, state)
    if not len(state.joints):
        yield f"joints must be given for {len(preset.arms)} arms, got none"
    if preset.space == "joints":
        if (off := _off(preset, state, coordinates_of(preset).home)) > TURN:
            yield f"home() must take the joints to the preset's posture, they are {off:.2f} rad off"
        return
    home = Coordinates(preset).command(Coordinates(preset).home)
    if (off := _angle(state.quaternion, home.quaternion)) > 2.0 * TURN:
        yield (
            f"arms at home must be turned as the preset says, {home.quaternion.tolist()}, they are "
            f"{off:.2f} rad off: is w first, and the frame the base's?"
        )


def _answers_quickly(robot: Robot, preset: Preset) -> Iterator[str]:
    """Calls return at once."""
    coordinates = coordinates_of(preset)
    here = coordinates.command(coordinates.of(robot.state()))
    calls: dict[str, Callable[[], object]] = {
        "state()": robot.state,
        "command()": lambda: robot.command(here),
        "stop()": robot.stop,
    }
    for name, call in calls.items():
        took = []
        for _ in range(3):
            began = robot.clock.now()
            call()
            took.append(robot.clock.now() - began)
        if max(took) > QUICK:
            yield f"{name} must return within {QUICK} s, took {max(took):.2f} s"
        elif name == "command()" and min(took) > 1.5 / preset.control_rate:
            yield (
                f"command() must return within a period of 1 / {preset.control_rate} s, took "
                f"{min(took):.2f} s"
            )


def _measures_anew(robot: Robot, preset: Preset) -> Iterator[str]:
    """Time stamps advance, and an old measurement stays what it was."""
    first = robot.state()
    kept = _arrays(first)
    robot.clock.sleep_until(robot.clock.now() + 2.0 * preset.watchdog.max_state_age)
    second = robot.state()
    if second.stamp <= first.stamp:
        yield f"time stamps must advance, got {second.stamp:.3f} after {first.stamp:.3f}"
    yield from _sound(robot, preset, second)
    for array in vars(second).values():
        if isinstance(array, np.ndarray):
            array += 1.0
    for name, array in _arrays(robot.state()).items():
        if np.abs(array - getattr(second, name)).max() < 0.5:
            yield f"state() must return its own arrays, changing its {name} changed the robot's"
    for name, array in kept.items():
        if not np.array_equal(getattr(first, name), array, equal_nan=True):
            yield f"a measurement must stay as it is, a later one changed its {name}"


def _goes_where_it_is_sent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Each arm follows along and about every axis, both ways, and holds still without commands."""
    coordinates = coordinates_of(preset)
    for axis in _axes(preset):
        for sign in (1.0, -1.0):
            goal = _away(preset, axis, sign)
            if preset.space == "pose":
                goal[:, ROTATION][:, axis.place] += sign * TURN
            _move(robot, preset, goal)
            state = robot.state()
            if (error := _off(preset, state, goal)) > axis.near:
                yield (
                    f"an arm sent {sign * axis.reach:+g} {axis.unit} {axis.name} must get within "
                    f"{axis.near} {axis.unit}, it is {error:.3f} {axis.unit} off"
                )
            if preset.space == "joints":
                continue
            if (error := _angle(state.quaternion, coordinates.command(goal).quaternion)) > ALIKE:
                yield (
                    f"an arm turned {sign * TURN:+g} rad about {'xyz'[axis.place]} must get within "
                    f"{ALIKE} rad, it is {error:.3f} rad off"
                )
    _move(robot, preset, coordinates.home)
    before = coordinates.of(robot.state())
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    if (drift := _off(preset, robot.state(), before)) > axis.near:
        yield f"arms without commands must stay where they are, drifted {drift:.3f} {axis.unit}"


def _measures_its_velocity(robot: Robot, preset: Preset) -> Iterator[str]:
    """Velocities are those of the way, in metres and radians per second, in the base's frame."""
    home = coordinates_of(preset).home
    goal = home + TURN if preset.space == "joints" else home.copy()
    if preset.space == "pose":  # along and about all axes at once: no other frame is alike
        goal[:, POSITION] += REACH
        goal[:, ROTATION] += TURN
    goal[:, GRIPPER] = home[:, GRIPPER]
    states, sent = _move_for(robot, preset, SafetyFilter(preset).clip(goal), SETTLED + BEHIND)
    _move(robot, preset, home)
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
    axes = [axis.place for axis in _axes(preset)]
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


def _falls_silent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Arms whose commands end in motion stay where the last one put them."""
    axis = _axes(preset)[UP]
    goal = _away(preset, axis)
    _move_for(robot, preset, goal, 0.3)
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    here = coordinates_of(preset).of(robot.state())
    beyond = float((here - goal)[:, axis.place].max())
    if beyond > 0.5 * axis.near:
        yield (
            f"arms whose commands end in motion must stay where the last one put them, they went "
            f"{beyond:.3f} {axis.unit} too far in {SETTLED:g} s of silence"
        )
    robot.stop()
    _move(robot, preset, coordinates_of(preset).home)


def _stops_beside(robot: Robot, preset: Preset) -> Iterator[str]:
    """A stop waits for no other call, which another thread is in."""
    if isinstance(robot.clock, SimulatedClock):
        return  # in which nothing else goes on
    _move(robot, preset, _away(preset, _axes(preset)[UP]))
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


def _grips(robot: Robot, preset: Preset) -> Iterator[str]:
    """Grippers that a task commands close and open."""
    if "gripper" not in preset.action:
        return
    binary = any(arm.gripping.kind == "binary" for arm in preset.arms)
    for opening in (0.0, 1.0) if binary else (0.0, 0.5, 1.0):
        goal = coordinates_of(preset).home
        goal[:, GRIPPER] = opening
        _move(robot, preset, goal)
        for _ in range(4):  # hands take their time
            got = robot.state().gripper
            if np.abs(got - opening).max() > 0.1:
                _move_for(robot, preset, goal, 0.5)
        got = robot.state().gripper
        if np.abs(got - opening).max() > 0.3:
            yield f"grippers sent to {opening:g} must get there, got {got.round(2).tolist()}"


def _stops(robot: Robot, preset: Preset) -> Iterator[str]:
    """A stop holds, can be repeated, and commands move the arms again."""
    home, axis = coordinates_of(preset).home, _axes(preset)[UP]
    _move_for(robot, preset, _away(preset, axis), 10 / preset.control_rate)
    robot.stop()
    robot.stop()
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    before = coordinates_of(preset).of(robot.state())
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    if (drift := _off(preset, robot.state(), before)) > 0.5 * axis.near:
        yield f"stopped arms must hold still, drifted {drift:.3f} {axis.unit}"
    _move(robot, preset, home)
    if _off(preset, robot.state(), home) > axis.near:
        yield "arms must follow commands again after stop()"


def _keeps_its_own_copies(robot: Robot, preset: Preset) -> Iterator[str]:
    """Later changes of a command's arrays do not matter."""
    coordinates, axis = coordinates_of(preset), _axes(preset)[UP]
    _move(robot, preset, coordinates.home)
    command = coordinates.command(coordinates.home)
    robot.command(command)
    moving = command.joints if isinstance(command, JointCommand) else command.position
    moving += 1.0
    robot.clock.sleep_until(robot.clock.now() + 0.2)
    if _off(preset, robot.state(), coordinates.home) > axis.near:
        yield "command() must copy what it is given, changing the array moved an arm"


def _repeats_its_scenes(robot: Robot, preset: Preset) -> Iterator[str]:
    """A simulated scene follows from its seed."""
    if not isinstance(robot, SceneRobot):
        return
    seen = []
    for seed in (3, 4, 3):
        robot.reset_scene(seed)
        if not isinstance(robot.success(), bool):
            yield f"success() must be a bool, got {robot.success()!r}"
        seen.append({name: pose.copy() for name, pose in robot.state().objects.items()})
    for name in preset.objects:
        if name not in seen[0]:
            yield f"state().objects must have {name}, got {', '.join(seen[0]) or 'none'}"
        elif not np.array_equal(seen[0][name], seen[2][name]):
            yield f"the same seed must put {name} in the same place"


def _takes_pictures(robot: Robot, preset: Preset) -> Iterator[str]:
    """Cameras give pictures, beside whatever else is asked, and an unknown one is an error."""
    if not isinstance(robot, Cameras) or not preset.cameras:
        return
    for name, image in robot.images(preset.cameras).items():
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            yield f"pictures of {name} must be (H, W, 3), uint8, got {image.shape}, {image.dtype}"
    try:
        robot.images(["no-such-camera"])
    except RobotError:
        pass
    else:
        yield "an unknown camera must raise RobotError, nothing was raised"
    if isinstance(robot.clock, SimulatedClock):
        return  # in which no time passes while a picture is taken
    with ThreadPoolExecutor(1) as beside:  # as the environment's own threads do
        taking = beside.submit(lambda: [robot.images(preset.cameras) for _ in range(3)])
        slowest, asked = 0.0, 0
        while not taking.done() or asked < 3:
            begin = time.monotonic()
            robot.state()
            slowest, asked = max(slowest, time.monotonic() - begin), asked + 1
            time.sleep(0.005)
        taking.result()
    if slowest > QUICK:
        yield (
            f"state() must take at most {QUICK:g} s while another thread takes pictures, got "
            f"{slowest:.2f} s"
        )


def _closes(robot: Robot, preset: Preset) -> Iterator[str]:
    """After close, twice, nothing pretends to work."""
    robot.close()
    robot.close()
    try:
        robot.stop()
    except RobotError:
        pass
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        yield f"stop() must raise RobotError or nothing when it cannot be told, raised {told}"
    try:
        robot.state()
    except RobotError:
        return
    yield "state() must raise RobotError after close(), nothing was raised"


CHECKS = (
    _connects,
    _answers_quickly,
    _measures_anew,
    _goes_where_it_is_sent,
    _measures_its_velocity,
    _falls_silent,
    _grips,
    _stops,
    _stops_beside,
    _keeps_its_own_copies,
    _repeats_its_scenes,
    _takes_pictures,
    _closes,
)


def _sound(robot: Robot, preset: Preset, state: RobotState) -> Iterator[str]:
    """Yield the watchdog's faults of a measurement; objects may come with a scene later."""
    if wrong := fault(state, preset, now=robot.clock.now()):
        yield wrong
    if not np.all((state.gripper >= -0.05) & (state.gripper <= 1.05)):
        yield f"gripper must lie in [0, 1], got {np.asarray(state.gripper).tolist()}"


class _Axis(NamedTuple):
    """An axis that arms are sent along: its place among coordinates, and how far."""

    place: int
    name: str
    reach: float
    near: float
    unit: str


UP = -1
"""Place of the axis along which arms are stopped: upwards, or the last joint."""


def _axes(preset: Preset) -> list[_Axis]:
    """Return the axes that arms are sent along: of space, or their joints."""
    if preset.space == "pose":
        return [_Axis(n, f"along {name}", REACH, NEAR, "m") for n, name in enumerate("xyz")]
    joints = range(preset.arms[0].joints)
    return [_Axis(n, f"of joint {n + 1}", TURN, ALIKE, "rad") for n in joints]


def _away(preset: Preset, axis: _Axis, sign: float = 1.0) -> np.ndarray:
    """Return where arms are that were sent from home along an axis, as far as they may."""
    goal = coordinates_of(preset).home
    goal[:, axis.place] += sign * axis.reach
    return SafetyFilter(preset).clip(goal)


def _off(preset: Preset, state: RobotState, goal: np.ndarray) -> float:
    """Return how far arms are from a goal, along the axes that they are sent along [m or rad]."""
    axes = [axis.place for axis in _axes(preset)]
    return float(np.abs(coordinates_of(preset).of(state) - goal)[:, axes].max())


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest angle between orientations [rad]."""
    turns = rotation.to_vector(rotation.multiply(np.asarray(a), rotation.inverse(np.asarray(b))))
    return float(np.linalg.norm(turns, axis=-1).max())


def _arrays(state: RobotState) -> dict[str, np.ndarray]:
    """Return copies of a measurement's arrays."""
    return {n: a.copy() for n, a in vars(state).items() if isinstance(a, np.ndarray)}


def _move(robot: Robot, preset: Preset, goal: np.ndarray) -> None:
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


def _move_for(
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


def examine(conformance: Conformance) -> None:
    """Check, and say that all is well."""
    check_robot(conformance.driver, conformance.task, **conformance.settings())
    print(f"{conformance.driver}: all {len(CHECKS)} checks passed")


EXAMPLES = (
    "--driver sim",
    "--driver remote --url http://10.0.0.2:5000 --task my-task.yaml",
    "--driver my_robot:Robot --driver-kwargs ip=10.0.0.2  # a class of your own",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: examine(cli.parse(Conformance, EXAMPLES)))


if __name__ == "__main__":
    main()
