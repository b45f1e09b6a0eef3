"""Playing a robot task in every way: base policy, exploring at random, and what was trained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

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
from zprl_env.training.settings.recipe import recipe_for

EPISODES, EXPLORED = 50, 20
"""Held-out episodes of the base policy and of agents, and of exploring at random."""
MOTION = "motion.json"
Maker = Callable[[Any], Agent | None]
"""Function from a steered environment to who acts in it; None is the base policy."""


def at_random(size: int) -> Agent:
    """Make an agent that acts at random."""
    rng = np.random.default_rng(0)
    return lambda observation: rng.uniform(-1.0, 1.0, size).astype(np.float32)


def learned(run: Path, env: SteeringWrapper) -> Agent:
    """Load the agent of a run."""
    config = load_config(run)
    return load_agent(run, config.algo, config.recipe, env)


def play(task: str, steer: str, agent: Maker, episodes: int = EPISODES) -> dict[str, Any]:
    """Play held-out episodes of a task in one way."""
    motion, env_name = Motion(), TASKS[task].env
    recipe = recipe_for("sac", "default", steer, env_name)
    with closing(RealRobotEnv(task, recorder=motion)) as robot:
        env = evaluation_env(robot, env_name, steer, recipe)
        result = evaluate(env, agent(env), range(TEST_SEED, TEST_SEED + episodes))
    return result.to_dict() | motion.to_dict()


def ways(task: str, out: Path = RESULTS) -> dict[str, tuple[str, Maker]]:
    """Return every way to play a task: where the agent enters, and which agent."""
    found: dict[str, tuple[str, Maker]] = {
        "base policy": ("latent", lambda env: None),
        "exploring, latent": ("latent", lambda env: at_random(env.action_space.shape[0])),
        "exploring, action residual": ("action", lambda env: at_random(env.action_space.shape[0])),
    }
    for way in WAYS:
        run = work_folder(folder(task, out) / way)
        if (run / "config.json").exists() and (run / "results.json").exists():
            found[way] = (load_config(run).steer, partial(learned, run))
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
    for name, (steer, agent) in ways(task, out).items():
        if name not in found:
            episodes = EXPLORED if name.startswith("exploring") else EPISODES
            found[name] = play(task, steer, agent, episodes)
            keep(path, found)
