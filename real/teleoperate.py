"""Record demonstrations by a person who moves the arms: ``python -m real.teleoperate``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from real.console.opened import opened_console
from real.drivers import driver_settings
from real.env import RealRobotEnv
from real.operators import OperatorLike
from real.recording import EpisodeRecorder
from real.recording.rerun_log import open_rerun
from real.recording.several import together
from real.tasks.files import load_preset
from zprl_env import cli
from zprl_env.envs.outcomes import not_counted, outcome_of
from zprl_env.errors import ZprlError

PROGRAMS = ("expert", "scripted")
"""Teleoperators that are no people, and need no real time."""


@dataclass(frozen=True)
class Teleoperate:
    """Move the arms of a robot yourself, and record what you do as demonstrations.

    The limits are those of every policy. s keeps an episode as a success, f as a failure; a
    discards it, and e discards it and lays out the same scene once more. What is discarded stays
    in the file, as an abort: imitate the others by --mask success or --mask judged. An episode
    begins when you move.
    """

    out: Path
    """Recording to add the episodes to, an .hdf5 file."""
    teleoperator: str = "keyboard"
    """Device that you move the arms by: keyboard, console, gamepad, spacemouse, lerobot:TYPE, or a
    class of yours as module:Class; expert is a scripted person."""
    teleoperator_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of it, such as speed=0.3, the share of the arms' largest speeds that a full
    deflection is; values are JSON or words."""
    task: str = "place-orange"
    """A preset's name, or a YAML file."""
    driver: str = "sim"
    """Driver of the robot: sim, remote, serl, ideal, or a class of yours as module:Class."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the driver, such as latency=0.02 of sim; values are JSON or words."""
    url: str | None = None
    """Address of its server: short for --driver-kwargs url=URL."""
    operator: Literal["auto", "keyboard", "console"] | None = None
    """Judge of the episodes: you at the keyboard or at the console's page, or the simulated scene;
    the scene on a simulated robot if not given."""
    episodes: int = 10
    """Episodes to keep: those that are discarded do not count."""
    episode_steps: int | None = None
    """Steps after which an episode is over; twice the preset's if not given: people take longer."""
    seed: int = 0
    """Seed of the first episode's scene; the others follow."""
    images: bool = False
    """Record the pictures of all cameras as they are."""
    devices: Path | None = None
    """YAML file of the laboratory's cameras by name; the driver's own if not given."""
    console: bool = False
    """Show a page beside the arm, at http://127.0.0.1:8400 or the next free port, whose stick
    --teleoperator console is. python -m real.console shows it to other machines."""
    rerun: str | None = None
    """Stream pictures, poses and safety to Rerun: an .rrd file, or connect for its viewer; also
    connect:HOST:PORT."""

    def __post_init__(self) -> None:
        for name in ("episodes", "episode_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {value}.")
        cli.settings(self.teleoperator_kwargs)
        self.settings()

    def settings(self) -> dict[str, Any]:
        """Return the driver's settings; a simulated arm takes its time if a person moves it."""
        realtime = self.driver in ("sim", "ideal") and self.teleoperator not in PROGRAMS
        given = cli.settings(self.driver_kwargs)
        return driver_settings(
            self.driver_kwargs, url=self.url, realtime=realtime and "realtime" not in given
        )


def teleoperate(settings: Teleoperate) -> Counter[str]:
    """Record episodes that a person makes, until enough of them are kept.

    Args:
        settings: What, where and by which device.

    Returns:
        How many episodes ended how; ``"discarded"`` are those that are worth nothing.

    Raises:
        RobotError: The robot is not there.
        TeleoperatorError: The device is not there.
        UnknownNameError: Something has no such name.
    """
    preset = load_preset(settings.task)
    steps = settings.episode_steps or 2 * preset.episode_steps
    preset = preset.model_copy(update={"episode_steps": steps})
    at_once = {"patience": 0.0} if settings.teleoperator == "expert" else {}
    recorder = EpisodeRecorder(settings.out, provenance={"teleoperator": settings.teleoperator})
    told = {"task": preset.name, "driver": settings.driver, "policy": "a person"}
    beside: OperatorLike = "console" if settings.console else "keyboard"
    ends: list[dict[str, Any]] = []  # whose outcomes may change until the next episode begins
    with opened_console(settings.console, told) as console:
        robot = RealRobotEnv(
            preset,
            driver=settings.driver,
            operator=settings.operator or ("auto" if settings.driver == "sim" else beside),
            recorder=together(recorder, open_rerun(settings.rerun)),
            images=settings.images,
            devices=settings.devices,
            inference="sync",
            teleoperator=settings.teleoperator,
            teleoperator_kwargs=at_once | cli.settings(settings.teleoperator_kwargs),
            teleoperator_alone=True,
            console=console,
            **settings.settings(),
        )
        with closing(robot):
            while (kept := _kept(ends)) < settings.episodes:
                robot.reset(seed=None if ends else settings.seed)
                if ends:
                    kept = _kept(ends)
                    print(f"{kept} kept; the last one: {outcome_of(ends[-1])}", flush=True)
                ends.append(_episode(robot))
    return _count(ends)


def _kept(ends: Sequence[Mapping[str, Any]]) -> int:
    """Count the episodes that were not discarded, by what is known by now."""
    counted = _count(ends)
    return counted.total() - counted["discarded"]


def _count(ends: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Count episodes by outcome, discarded ones together, by what is known by now."""
    return Counter("discarded" if not_counted(end) else str(outcome_of(end)) for end in ends)


def _episode(robot: RealRobotEnv) -> dict[str, Any]:
    """Have an episode made, which begins when the person moves; return its last info."""
    nothing = np.zeros(robot.action_space.shape or (), np.float32)
    robot.await_motion()
    while True:
        *_, terminated, truncated, info = robot.step(nothing)
        if terminated or truncated:
            return info


EXAMPLES = (
    "--out demos/orange.hdf5  # the simulated arm, by the keys of this terminal",
    "--out demos/orange.hdf5 --teleoperator spacemouse --driver serl --url http://172.16.0.1:5000",
    "--out demos/orange.hdf5 --console --teleoperator console  # the stick of a page",
    "--out demos/orange.hdf5 --teleoperator expert --episodes 60  # a scripted person",
)


def main() -> None:
    """Run the command line."""
    cli.run(_teleoperate)


def _teleoperate() -> None:
    settings = cli.parse(Teleoperate, EXAMPLES)
    ends = teleoperate(settings)
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(ends.items()))
    print(f"{settings.out}: {told}. Imitate them: --mask success, or --mask judged.")


if __name__ == "__main__":
    main()
