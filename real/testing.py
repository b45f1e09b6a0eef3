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
from real.tasks.coordinates import GRIPPER, Coordinates, coordinates_of
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from zprl_env import cli
from zprl_env.errors import ZprlError

REACH, NEAR = 0.03, 0.01
"""Distance that the arms are moved, and their largest error afterwards [m]."""
TURN, ALIKE = 0.15, 0.06
"""Angle that the arms are turned, and their largest error afterwards [rad]."""
FACTOR = 2.0
"""Factor between a reported velocity and that of the positions: noise, but no other unit."""
QUICK = 0.25
"""Longest time that a call may take [s]."""
SETTLED = 1.0
"""Time that arms get to come to rest [s]."""


class MisbehavingRobotError(ZprlError):
    """A driver breaks the contract of :class:`real.robot.Robot`; every fault found is named."""


@dataclass(frozen=True)
class Conformance:
    """Check a driver against everything that the environment relies on.

    The arms move by 3 cm around the preset's home, or by 0.15 rad of each joint where joints are
    commanded: look that nothing is in the way.
    """

    driver: str
    """Driver to test: its name, or "module:Class"."""
    task: str = "place-orange"
    """Preset that it is made for, by name or path."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the driver, such as timeout=0.5; values are JSON or words."""
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
    if (off := _angle(state.quaternion, home.quaternion)) > FACTOR * TURN:
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
    kept = first.gripper.copy()
    robot.clock.sleep_until(robot.clock.now() + 2.0 * preset.watchdog.max_state_age)
    second = robot.state()
    if second.stamp <= first.stamp:
        yield f"time stamps must advance, got {second.stamp:.3f} after {first.stamp:.3f}"
    yield from _sound(robot, preset, second)
    second.gripper[:] += 1.0
    if np.abs(robot.state().gripper - second.gripper).max() < 0.5:
        yield "state() must return its own arrays, changing one changed the robot's"
    if not np.array_equal(first.gripper, kept):
        yield "a measurement must stay as it is, a later one changed it"


def _goes_where_it_is_sent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Each arm follows along every axis, and holds still without commands."""
    home = coordinates_of(preset).home
    for axis in _axes(preset):
        for sign in (1.0, -1.0):
            goal = _away(preset, axis, sign)
            _move(robot, preset, goal)
            if (error := _off(preset, robot.state(), goal)) > axis.near:
                yield (
                    f"an arm sent {sign * axis.reach:+g} {axis.unit} {axis.name} must get within "
                    f"{axis.near} {axis.unit}, it is {error:.3f} {axis.unit} off"
                )
    _move(robot, preset, home)
    before = coordinates_of(preset).of(robot.state())
    robot.clock.sleep_until(robot.clock.now() + SETTLED)
    if (drift := _off(preset, robot.state(), before)) > axis.near:
        yield f"arms without commands must stay where they are, drifted {drift:.3f} {axis.unit}"


def _turns_as_it_is_told(robot: Robot, preset: Preset) -> Iterator[str]:
    """Each arm turns about every axis, both ways."""
    if preset.space == "joints":
        return  # each of which has been turned already
    coordinates = Coordinates(preset)
    for axis, name in enumerate("xyz"):
        for sign in (1.0, -1.0):
            goal = coordinates.home.copy()
            goal[:, 3 + axis] += sign * TURN
            _move(robot, preset, goal)
            told = coordinates.command(goal).quaternion
            if (error := _angle(robot.state().quaternion, told)) > ALIKE:
                yield (
                    f"an arm turned {sign * TURN:+g} rad about {name} must get within {ALIKE} rad, "
                    f"it is {error:.3f} rad off"
                )
    _move(robot, preset, coordinates.home)


def _measures_its_velocity(robot: Robot, preset: Preset) -> Iterator[str]:
    """Velocities are those of the positions, in metres and radians per second."""
    if preset.space == "joints":
        yield from _measures_its_joints_velocities(robot, preset)
        return
    home = Coordinates(preset).home
    goal = home.copy()
    goal[:, 0] += REACH
    goal[:, 3] += TURN
    states = _move(robot, preset, goal, periods=int(preset.control_rate))
    lasting = np.diff([state.stamp for state in states])[:, None, None]
    turned = [
        rotation.to_vector(rotation.multiply(b.quaternion, rotation.inverse(a.quaternion)))
        for a, b in itertools.pairwise(states)
    ]
    for name, unit, way in (
        ("linear_velocity", "m", np.diff([state.position for state in states], axis=0)),
        ("angular_velocity", "rad", np.array(turned)),
    ):
        said = np.array([getattr(state, name) for state in states])
        summed = np.sum(0.5 * (said[1:] + said[:-1]) * lasting, axis=0)
        gone = np.sum(way, axis=0)
        off = np.linalg.norm(summed - gone, axis=1)
        if (off > (FACTOR - 1.0) * np.linalg.norm(gone, axis=1)).any():
            yield (
                f"{name} must be that of the way, which was {gone.round(3).tolist()} {unit}; it "
                f"sums up to {summed.round(3).tolist()}"
            )
    _move(robot, preset, home)


def _measures_its_joints_velocities(robot: Robot, preset: Preset) -> Iterator[str]:
    """Velocities of joints are those of their positions, if the robot tells any."""
    home = coordinates_of(preset).home
    states = _move(robot, preset, home + TURN, periods=int(preset.control_rate))
    _move(robot, preset, home)
    if not all(len(state.joint_velocities) for state in states):
        return
    lasting = np.diff([state.stamp for state in states])[:, None, None]
    said = np.array([state.joint_velocities for state in states])
    summed = np.sum(0.5 * (said[1:] + said[:-1]) * lasting, axis=0)
    gone = np.array(states[-1].joints) - np.array(states[0].joints)
    if np.abs(summed - gone).max() > (FACTOR - 1.0) * np.abs(gone).max():
        yield (
            f"joint_velocities must be those of the way, which was {gone.round(3).tolist()} rad; "
            f"they sum up to {summed.round(3).tolist()}"
        )


def _falls_silent(robot: Robot, preset: Preset) -> Iterator[str]:
    """Arms whose commands end in motion stay where the last one put them."""
    axis = _axes(preset)[UP]
    goal = _away(preset, axis)
    _move(robot, preset, goal, periods=int(0.3 * preset.control_rate))
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
    for opening in (0.0, 1.0):
        goal = coordinates_of(preset).home
        goal[:, GRIPPER] = opening
        _move(robot, preset, goal)
        _move(robot, preset, goal, periods=int(2.0 * preset.control_rate))  # hands take their time
        got = robot.state().gripper
        if np.abs(got - opening).max() > 0.3:
            yield f"grippers sent to {opening:g} must get there, got {got.round(2).tolist()}"


def _stops(robot: Robot, preset: Preset) -> Iterator[str]:
    """A stop holds, can be repeated, and commands move the arms again."""
    home, axis = coordinates_of(preset).home, _axes(preset)[UP]
    _move(robot, preset, _away(preset, axis), periods=10)
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
    _turns_as_it_is_told,
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


def _move(
    robot: Robot, preset: Preset, goal: np.ndarray, periods: int | None = None
) -> list[RobotState]:
    """Send the arms somewhere through the safety filter, and give them time to settle."""
    states = []
    coordinates, safety = coordinates_of(preset), SafetyFilter(preset)
    safety.restart(coordinates.of(robot.state()))
    period = 1.0 / preset.control_rate
    due = robot.clock.now()
    settling = int(preset.control_rate * SETTLED)
    for _ in range(periods or int(preset.control_rate * (SETTLED + 3.0))):
        command = coordinates.command(safety.advance(goal, preset.reset_speed).coordinates)
        settling -= safety.at_rest and np.abs(safety.coordinates - goal).max() < NEAR
        robot.command(command)
        due = max(due + period, robot.clock.now())
        robot.clock.sleep_until(due)
        if periods:
            states.append(robot.state())
        elif settling <= 0:
            break
    return states


def examine(conformance: Conformance) -> None:
    """Check, and say that all is well."""
    check_robot(conformance.driver, conformance.task, **conformance.settings())
    print(f"{conformance.driver}: all {len(CHECKS)} checks passed")


EXAMPLES = (
    "--driver sim",
    "--driver my_robot:Robot --driver-kwargs ip=10.0.0.2  # a class of your own",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: examine(cli.parse(Conformance, EXAMPLES)))


if __name__ == "__main__":
    main()
