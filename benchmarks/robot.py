"""Motion of the simulated robot, steered or not: success, smoothness, safety interventions.

    python -m benchmarks.robot train latent-0 latent-1   train; 20 minutes each
    python -m benchmarks.robot play                      play the base policy, and what was trained
    python -m benchmarks.robot summary                   the table

Everything plays the same held-out episodes on the simulated arm of place-orange. *exploring* draws
the agent's actions at random, at the size its training explores with: a perturbation of the latent,
or a residual on the actions. Velocity, acceleration and jerk are root mean squares of finite
differences of the measured position of the end effector at the control period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag, Names
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table, measured
from benchmarks.tools.training import Planned, train_missing, work_folder
from real.env import RealRobotEnv
from real.recording.recorder import Step
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import TEST_SEED, Agent, evaluate
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.success_rates import wilson_interval
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.recipe import recipe_for

RESULTS = ALL_RESULTS / "real"
RUNS = {
    "latent-0": "--total-env-steps 108000",
    "latent-1": "--total-env-steps 108000 --seed 1",
    "action-0": "--total-env-steps 108000 --steer action",
}
"""Options of each run for ``python train_sb3.py --env Real --algo sac``; 108,000 steps: an hour."""

EVALUATION = "--eval-every 27000 --validation-episodes 30"
EPISODES = 50
MOTION = "motion.json"


class Motion:
    """A recorder that measures how the arm moved.

    Attributes:
        squares: Sums of squared velocities, accelerations and jerks, and how many.
        interventions: Actions whose target lay outside of the box.
        stops: Emergency stops.
        actions: All actions.
        seconds: Robot time of the episodes [s].
    """

    def __init__(self) -> None:
        self.squares, self.counts = np.zeros(3), np.zeros(3)
        self.interventions = self.stops = self.actions = 0
        self.seconds = 0.0
        self._positions: list[np.ndarray] = []
        self._rate = 0.0

    def begin(self, preset: Any, observation: Any, state: Any, info: Any) -> None:
        """Begin an episode."""
        self._positions, self._rate = [], float(preset.control_rate)

    def add(self, step: Step) -> None:
        """Note an action."""
        self._positions += [tick.state.position for tick in step.ticks if tick.state is not None]
        self.actions += 1
        safety = step.info["safety"]
        self.interventions += safety["clipped"] > 0.0 or safety["clipped_rotation"] > 0.0
        self.stops += bool(safety["stop"])

    def end(self, outcome: str) -> None:
        """Take the differences of an episode."""
        motion = np.array(self._positions)
        self.seconds += len(motion) / self._rate
        for order in range(3):
            motion = np.diff(motion, axis=0) * self._rate
            lengths = np.linalg.norm(motion, axis=-1)
            self.squares[order] += np.sum(lengths**2)
            self.counts[order] += lengths.size

    def close(self) -> None:
        """Do nothing."""

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as values of JSON."""
        velocity, acceleration, jerk = np.sqrt(self.squares / self.counts).tolist()
        return {
            "velocity": velocity,
            "acceleration": acceleration,
            "jerk": jerk,
            "interventions": self.interventions,
            "stops": self.stops,
            "actions": self.actions,
            "robot_minutes": self.seconds / 60,
        }


def at_random(size: int) -> Agent:
    """Make an agent that acts at random."""
    rng = np.random.default_rng(0)
    return lambda observation: rng.uniform(-1.0, 1.0, size).astype(np.float32)


def learned(run: Path, env: SteeringWrapper) -> Agent:
    """Load the agent of a run."""
    config = load_config(run)
    return load_agent(run, config.algo, config.recipe, env)


def play(steer: str, agent: Callable[[Any], Agent | None]) -> dict[str, Any]:
    """Play the held-out episodes in one way."""
    motion = Motion()
    recipe = recipe_for("sac", "default", steer, "Real")
    with closing(RealRobotEnv("place-orange", recorder=motion)) as robot:
        env = evaluation_env(robot, "Real", steer, recipe)
        result = evaluate(env, agent(env), range(TEST_SEED, TEST_SEED + EPISODES))
    return result.to_dict() | motion.to_dict()


def play_all(out: Path = RESULTS) -> None:
    """Play the base policy, random agents and every agent that was trained; keep how they moved."""
    ways: dict[str, tuple[str, Callable[[Any], Agent | None]]] = {
        "base policy": ("latent", lambda env: None),
        "exploring, latent": ("latent", lambda env: at_random(env.action_space.shape[0])),
        "exploring, action residual": ("action", lambda env: at_random(env.action_space.shape[0])),
    }
    for name in RUNS:
        run = work_folder(out / name)
        if (run / "config.json").exists():
            ways[name] = (load_config(run).steer, partial(learned, run))
    found = {}
    for name, (steer, agent) in ways.items():
        found[name] = play(steer, agent)
        keep(out / MOTION, found)


def table(out: Path = RESULTS) -> str:
    """Draw up the episodes that were played as a Markdown table.

    Raises:
        ZprlError: Nothing was.
    """
    head = ["", "success", "95 % interval", "velocity [m/s]", "acceleration [m/s2]"]
    head += ["jerk [m/s3]", "actions out of the box", "stops", "robot minutes"]
    rows = []
    for name, one in measured(out / MOTION, "python -m benchmarks.robot play").items():
        cells = [
            name,
            f"{one['success_rate']:.2f}",
            markdown.interval(wilson_interval(sum(one["successes"]), one["episodes"])),
            f"{one['velocity']:.3f}",
            f"{one['acceleration']:.2f}",
            f"{one['jerk']:.0f}",
            f"{one['interventions'] / one['actions']:.1%}",
            str(one["stops"]),
            f"{one['robot_minutes']:.1f}",
        ]
        rows.append(cells)
    return markdown.table(head, rows)


def planned(names: Iterable[str], out: Path = RESULTS) -> list[Planned]:
    """List runs, all of ``RUNS`` if none is named.

    Raises:
        UnknownNameError: There is no such run.
    """
    chosen = tuple(names) or tuple(RUNS)
    for name in chosen:
        if name not in RUNS:
            raise UnknownNameError("run", name, RUNS)
    return [Planned(out / name, "Real", f"--algo sac {RUNS[name]} {EVALUATION}") for name in chosen]


@dataclass(frozen=True)
class Train:
    """Train agents on the simulated robot and keep the raw data."""

    names: Names = ()
    """Runs by name; all of them if none is given."""
    again: Flag = False
    """Do those anew that have been done."""
    out: Path = RESULTS
    """Folder for the results, with a folder per run."""

    def __post_init__(self) -> None:
        planned(self.names)

    def __call__(self) -> None:
        """Train the missing runs."""
        train_missing(planned(self.names, self.out), self.again)


@dataclass(frozen=True)
class Play:
    """Play held-out episodes in every way and keep how the arm moved."""

    out: Path = RESULTS
    """Folder for the results; agents that were trained for it are played too."""

    def __call__(self) -> None:
        """Play."""
        play_all(self.out)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the episodes that were played."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("robot", __doc__, (Train, Play, Summary))

if __name__ == "__main__":
    COMMAND.main()
