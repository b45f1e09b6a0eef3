"""Agents elsewhere: trained on the task as it was shown, played where it differs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.mismatch.conditions import CONDITIONS, NOMINAL, mismatch
from zprl_env.envs import make_env
from zprl_env.evaluation import TEST_SEED, play
from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.run.agent import find_agent

TEST = range(TEST_SEED, TEST_SEED + 100)


def play_elsewhere(run: Path, seeds: Sequence[int] = TEST) -> dict[str, Any]:
    """Play a run's agent on every condition but the one it was trained on, the demonstrations'.

    Args:
        run: The run's folder.
        seeds: Seed of each episode.

    Returns:
        Every episode, by condition.
    """
    config = load_config(run, trust=True)
    policy = resolve_policy(str(config.policy), config.policy_class)
    file = find_agent(run, config.backend, print).file
    found = {}
    for condition in CONDITIONS:
        if condition == NOMINAL:
            continue
        env = make_env(config.env, mismatch=mismatch(config.env, condition))
        with closing(evaluation_env(env, policy, config.steer, config.recipe)) as steered:
            agent = load_agent(file, config.algo, config.recipe, steered, config.backend)
            found[condition] = play(f"{config.env}, {condition}", steered, agent, seeds).to_dict()
    return found
