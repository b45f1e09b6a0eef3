"""Playing a robot task in every way: base policy, exploring at random, and what was trained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.robot.motion import Motion
from benchmarks.robot.runs import RESULTS, TASKS, WAYS, folder
from benchmarks.tools.kept import keep
from benchmarks.tools.training import work_folder
from real.env import RealRobotEnv
from zprl_env.evaluation import TEST_SEED, Agent, evaluate
from zprl_env.files import read_json
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.recipe import Recipe, recipe_for

EPISODES, EXPLORED = 50, 20
"""Held-out episodes of the base policy and of agents, and of exploring at random."""
MOTION = "motion.json"
Maker = Callable[[Any], Agent | None]
"""Function from a steered environment to who acts in it; None is the base policy."""


class Way(NamedTuple):
    """A way to play a task.

    Attributes:
        steer: Where the agent enters.
        agent: Makes it.
        recipe: Settings that it learned with; the task's own if None.
        episodes: Held-out episodes to play.
    """

    steer: str
    agent: Maker
    recipe: Recipe | None = None
    episodes: int = EPISODES


def at_random(size: int) -> Agent:
    """Make an agent that acts at random."""
    rng = np.random.default_rng(0)
    return lambda observation: rng.uniform(-1.0, 1.0, size).astype(np.float32)


def learned(run: Path, env: SteeringWrapper) -> Agent:
    """Load the agent of a run."""
    config = load_config(run)
    return load_agent(run, config.algo, config.recipe, env)


def play(task: str, way: Way) -> dict[str, Any]:
    """Play the held-out episodes of a task in one way."""
    motion, env_name = Motion(), TASKS[task].env
    recipe = way.recipe or recipe_for("sac", "default", way.steer, env_name)
    with closing(RealRobotEnv(task, recorder=motion)) as robot:
        env = evaluation_env(robot, env_name, way.steer, recipe)
        result = evaluate(env, way.agent(env), range(TEST_SEED, TEST_SEED + way.episodes))
    return result.to_dict() | motion.to_dict()


def ways(task: str, out: Path = RESULTS) -> dict[str, Way]:
    """Return every way to play a task by its name."""

    def exploring(env: SteeringWrapper) -> Agent:
        return at_random(int(np.prod(env.action_space.shape or ())))

    found = {
        "base policy": Way("latent", lambda env: None),
        "exploring, latent": Way("latent", exploring, episodes=EXPLORED),
        "exploring, action residual": Way("action", exploring, episodes=EXPLORED),
    }
    for name in WAYS:
        run = work_folder(folder(task, out) / name)
        if (run / "config.json").exists() and (run / "results.json").exists():
            config = load_config(run)
            found[name] = Way(config.steer, partial(learned, run), config.recipe)
    return found


def play_missing(task: str, out: Path = RESULTS, again: bool = False) -> None:
    """Play a task in every way that has not been played; keep how the arms moved.

    Args:
        task: The task.
        out: Folder of the results.
        again: Play all of them anew.
    """
    path = folder(task, out) / MOTION
    found = read_json(path) if path.exists() and not again else {}
    for name, way in ways(task, out).items():
        if name not in found:
            found[name] = play(task, way)
            keep(path, found)
