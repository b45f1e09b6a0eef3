"""Record demonstrations by a person who moves the arms: ``python -m real.teleoperate``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from real.drivers import driver_settings
from real.env import RealRobotEnv
from real.recording import EpisodeRecorder
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
    """Device that you move the arms by: keyboard, gamepad, spacemouse, lerobot:TYPE, or a class of
    yours as module:Class; expert is a scripted person."""
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
    operator: Literal["auto", "keyboard"] | None = None
    """Judge of the episodes: you at the keyboard, or the simulated scene; the scene on a simulated
    robot if not given."""
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
    robot = RealRobotEnv(
        preset,
        driver=settings.driver,
        operator=settings.operator or ("auto" if settings.driver == "sim" else "keyboard"),
        recorder=recorder,
        images=settings.images,
        devices=settings.devices,
        inference="sync",
        teleoperator=settings.teleoperator,
        teleoperator_kwargs=at_once | cli.settings(settings.teleoperator_kwargs),
        teleoperator_alone=True,
        **settings.settings(),
    )
    ends: list[dict[str, Any]] = []  # whose outcomes may change until the next episode begins
    with closing(robot):
        while (kept := _count(ends).total() - _count(ends)["discarded"]) < settings.episodes:
            robot.reset(seed=None if ends else settings.seed)
            if ends:
                kept = _count(ends).total() - _count(ends)["discarded"]
                print(f"{kept} kept; the last one: {outcome_of(ends[-1])}", flush=True)
            ends.append(_episode(robot))
    return _count(ends)


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
