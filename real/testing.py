"""Conformance tests for robot drivers: ``python -m real.testing --driver my_lab:MyRobot``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from real import checks
from real.checks import QUICK, TURN, UP, driven_axes, how_far, how_turned, move
from real.clock import SimulatedClock
from real.drivers import DriverLike, driver_settings, make_robot
from real.motion.watchdog import fault
from real.robot import Cameras, JointCommand, Robot, RobotError, RobotState, SceneRobot
from real.tasks.coordinates import Coordinates, coordinates_of
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from zprl_env import cli
from zprl_env.errors import ZprlError


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
        if (off := how_far(preset, state, coordinates_of(preset).home)) > TURN:
            yield f"home() must take the joints to the preset's posture, they are {off:.2f} rad off"
        return
    home = Coordinates(preset).command(Coordinates(preset).home)
    if (off := how_turned(state.quaternion, home.quaternion)) > 2.0 * TURN:
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


def _keeps_its_own_copies(robot: Robot, preset: Preset) -> Iterator[str]:
    """Later changes of a command's arrays do not matter."""
    coordinates, axis = coordinates_of(preset), driven_axes(preset)[UP]
    move(robot, preset, coordinates.home)
    command = coordinates.command(coordinates.home)
    robot.command(command)
    moving = command.joints if isinstance(command, JointCommand) else command.position
    moving += 1.0
    robot.clock.sleep_until(robot.clock.now() + 0.2)
    if how_far(preset, robot.state(), coordinates.home) > axis.near:
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
    checks.goes_where_it_is_sent,
    checks.measures_its_velocity,
    checks.falls_silent,
    checks.grips,
    checks.stops,
    checks.stops_beside,
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


def _arrays(state: RobotState) -> dict[str, np.ndarray]:
    """Return copies of a measurement's arrays."""
    return {n: a.copy() for n, a in vars(state).items() if isinstance(a, np.ndarray)}


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
