"""Motion of the end effector in simulation: velocity and jerk of an agent, exploring or not.

Root mean squares of finite differences of its position at the control period, as on the robot.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.cli import settings
from zprl_env.envs import make_env
from zprl_env.envs.flat import named_parts
from zprl_env.evaluation import VALIDATION_SEED, Agent, evaluate
from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.agents.weights import load_model
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env

HANDS = ("robot0_eef_pos", "robot1_eef_pos", "hand", "palm_pos")
"""Parts of observations that are positions of an end effector [m]; pen has none, its hand stays."""
EPISODES = 10


class Positions(gym.Wrapper[Any, Any, Any, Any]):
    """Wrapper that sums the squared velocities and jerks of the end effectors of its episodes."""

    def __init__(self, env: gym.Env) -> None:
        """Watch an environment with a flat observation whose parts are named."""
        super().__init__(env)
        parts = named_parts(env) or {}
        self._parts = [parts[name] for name in HANDS if name in parts]
        self._rate = float(env.metadata.get("render_fps", 1))
        self._paths: list[list[np.ndarray]] = []

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin another path."""
        observation, info = self.env.reset(**options)
        self._paths.append([np.asarray(observation)])
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Note where the end effectors have come."""
        observation, *rest = self.env.step(action)
        self._paths[-1].append(np.asarray(observation))
        return observation, *rest

    def to_dict(self) -> dict[str, float] | None:
        """Return velocity [m/s] and jerk [m/s3] over all paths; None if nothing moves."""
        if not self._parts:
            return None
        found = {}
        for name, order in (("velocity", 1), ("jerk", 3)):
            squares: list[np.ndarray] = []
            for path in self._paths:
                seen = np.array(path, float)
                for part in self._parts:
                    moved = np.diff(seen[:, part], n=order, axis=0) * self._rate**order
                    squares.append(np.sum(moved**2, axis=1))
            found[name] = float(np.sqrt(np.concatenate(squares).mean()))
        return found


def measure(run: Path, episodes: int = EPISODES) -> dict[str, Any]:
    """Play validation episodes by a run's base policy and agent, and tell how they move.

    Args:
        run: The run's folder.
        episodes: How many, for each.

    Returns:
        What :meth:`Positions.to_dict` says, by ``"base"``, ``"steered"`` and ``"exploring"``.
    """
    config = load_config(run, trust=True)
    policy = resolve_policy(str(config.policy), config.policy_class)
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + episodes)
    found: dict[str, Any] = {}
    for name in ("base", "steered", "exploring"):
        watched = Positions(make_env(config.env, **settings(config.env_kwargs)))
        with closing(evaluation_env(watched, policy, config.steer, config.recipe)) as env:
            model: Any = load_model(run, config.algo, config.recipe, env, config.backend)
            agents: dict[str, Agent | None] = {
                "base": None,
                "steered": lambda seen, m=model: m.predict(seen, deterministic=True)[0],  # type: ignore[misc]
                "exploring": lambda seen, m=model: m.predict(seen, deterministic=False)[0],  # type: ignore[misc]
            }
            evaluate(env, agents[name], seeds)
            found[name] = watched.to_dict()
    return found
