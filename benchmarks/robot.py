"""How a steered robot moves: success, robot time, smoothness, and what safety had to change.

usage: python -m benchmarks.robot train [NAME ...]   train on the simulated robot; 20 minutes each
       python -m benchmarks.robot play               play the base policy, and what was trained
       python -m benchmarks.robot summary            the table

Everything plays the same held-out episodes on the simulated arm of place-orange. *exploring* draws
the agent's actions at random, at the size its training explores with: a perturbation of the latent,
or a residual on the actions. Velocity, acceleration and jerk are root mean squares of finite
differences of the measured position of the end effector at the control period.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.steering import train_into
from real.env import RealRobotEnv
from real.recording.recorder import Step
from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.evaluation import TEST_SEED, Agent, evaluate
from zprl_env.files import read_json, write_json
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.success_rates import wilson_interval
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.recipe import recipe_for

RESULTS = Path(__file__).parent / "results" / "real"
RUNS = {
    "latent-0": "--total-env-steps 108000",
    "latent-1": "--total-env-steps 108000 --seed 1",
    "action-0": "--total-env-steps 108000 --steer action",
}
"""What a run adds to ``python train_sb3.py --env Real --algo sac``; 108,000 steps are an hour."""

EVALUATION = "--eval-every 27000 --validation-episodes 30"
EPISODES = 50


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
        """Nothing is left to be done."""

    def to_dict(self) -> dict[str, Any]:
        """The measures, as JSON understands them."""
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
    """An agent that knows nothing."""
    rng = np.random.default_rng(0)
    return lambda observation: rng.uniform(-1.0, 1.0, size).astype(np.float32)


def learned(run: Path, env: SteeringWrapper) -> Agent:
    """The agent of a run."""
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


def play_all() -> None:
    """Play everything and keep it."""
    ways: dict[str, tuple[str, Callable[[Any], Agent | None]]] = {
        "base policy": ("latent", lambda env: None),
        "exploring, latent": ("latent", lambda env: at_random(env.action_space.shape[0])),
        "exploring, action residual": ("action", lambda env: at_random(env.action_space.shape[0])),
    }
    for name in RUNS:
        run = Path("runs", "benchmark", "real", name)
        if (run / "config.json").exists():
            ways[name] = (load_config(run).steer, partial(learned, run))
    found = {}
    for name, (steer, agent) in ways.items():
        found[name] = play(steer, agent)
        write_json(RESULTS / "motion.json", found)


def table() -> str:
    """Draw up what was played as a Markdown table."""
    lines = [
        "| | success | 95 % interval | velocity [m/s] | acceleration [m/s2] | jerk [m/s3] "
        "| actions out of the box | stops | robot minutes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in read_json(RESULTS / "motion.json").items():
        low, high = wilson_interval(sum(one["successes"]), one["episodes"])
        lines.append(
            f"| {name} | {one['success_rate']:.2f} | {low:.2f} - {high:.2f} "
            f"| {one['velocity']:.3f} | {one['acceleration']:.2f} | {one['jerk']:.0f} "
            f"| {one['interventions'] / one['actions']:.1%} | {one['stops']} "
            f"| {one['robot_minutes']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["train", *names]:
            for name in names or RUNS:
                if name not in RUNS:
                    raise UnknownNameError("run", name, RUNS)
                train_into(RESULTS / name, "Real", f"--algo sac {RUNS[name]} {EVALUATION}")
        case ["play"]:
            RESULTS.mkdir(parents=True, exist_ok=True)
            play_all()
        case ["summary"]:
            (RESULTS / "table.md").write_text(table())
            print(table())
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(f"Expected 'train', 'play' or 'summary'. Got: {arguments}. See --help.")


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
