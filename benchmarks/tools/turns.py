"""Timing by turns: ways of playing a task that are measured alternately in one process each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache, partial
from statistics import median
from typing import TypeVar

import gymnasium as gym
import numpy as np
import torch

from benchmarks.tools.episodes import Episode, cut, random_episode, rate, record, steer
from benchmarks.tools.stock import Physics, own
from zprl_env.envs import make_env
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import TASKS

Name = TypeVar("Name", bound=Hashable)

SIMULATED = ("physics", "own", "ours")
"""Ways of playing one episode of random actions."""
STEERED = ("replayed", "steered")
"""Ways of playing a policy's episodes: its actions given to our environment, and by itself."""
SECONDS = 0.5
"""Length of a turn, which ends with an episode."""
RANDOM_STEPS = 150
EPISODES = 3
RESETS = 20
BATCHES = (1, 8, 32)
DECISIONS = 100

MEMORY = """
import sys
from zprl_env import make_env
make_env(sys.argv[1]).reset(seed=0)
with open("/proc/self/status") as lines:
    print(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
"""


def has_policy(task: str) -> bool:
    """Tell whether a policy is shipped that can be steered."""
    return TASKS[task].slug in shipped_policies()


@cache
def ways(task: str) -> dict[str, Callable[[], float]]:
    """Make everything that a task is played in, once in a process.

    Args:
        task: A name in `TASKS`.

    Returns:
        A function for each way that plays one turn and returns environment steps per second.
    """
    torch.set_num_threads(1)

    def turn(
        env: gym.Env, episodes: Sequence[Episode], inputs: Sequence[Iterable[np.ndarray]]
    ) -> Callable[[], float]:
        return partial(rate, env, episodes, inputs, SECONDS)

    ours = make_env(task, success_terminates=False)
    drawn = random_episode(ours, RANDOM_STEPS)
    envs = {"physics": Physics(task, drawn), "own": own(task), "ours": ours}
    found = {way: turn(env, [drawn], [drawn.actions]) for way, env in envs.items()}
    if has_policy(task):
        policy, bare = resolve_policy(task), make_env(task)
        played = record(bare, policy, EPISODES)
        decisions = [[*cut(episode.actions, policy.n_action_steps)] for episode in played]
        zeros = [[np.zeros(policy.latent_dim, np.float32)] * len(chunks) for chunks in decisions]
        found["replayed"] = turn(bare, played, [episode.actions for episode in played])
        found["steered"] = turn(steer(make_env(task), policy), played, zeros)
    return found


def play(task: str, way: str) -> float:
    """Play one turn in this process; environment steps per second."""
    return ways(task)[way]()


def take_turns(
    turns: Mapping[Name, Callable[[], float]], seconds: float
) -> dict[Name, list[float]]:
    """Let all have their turns again and again, so that the machine's noise hits all alike.

    Args:
        turns: What to do, by name.
        seconds: How long; at least once each, and all equally often.

    Returns:
        What each returned, turn by turn, but for a first time that is slower.
    """
    found: dict[Name, list[float]] = {name: [] for name in turns}
    for turn in turns.values():
        turn()
    began = time.perf_counter()
    while not all(found.values()) or time.perf_counter() - began < seconds:
        for name, turn in turns.items():
            found[name].append(turn())
    return found


def reset_times(task: str) -> list[float]:
    """Measure resets of our environment [ms]."""
    with closing(make_env(task)) as env:
        env.reset(seed=0)
        return [1e3 * seconds_of(partial(env.reset, seed=seed)) for seed in range(RESETS)]


def policy_times(task: str) -> dict[int, float]:
    """Measure a decision, from observations to chunks, by the size of the batch [us]."""
    torch.set_num_threads(1)
    policy, found = resolve_policy(task), {}
    for size in BATCHES:
        observations = np.zeros((size, TASKS[task].observation_dim), np.float32)
        noise = np.zeros((size, policy.horizon, policy.action_dim), np.float32)

        def decide(observations: np.ndarray = observations, noise: np.ndarray = noise) -> None:
            policy.decode(policy.encode(observations).mean, noise)

        decide()
        found[size] = 1e6 * median(seconds_of(decide) for _ in range(DECISIONS))
    return found


def seconds_of(function: Callable[[], object]) -> float:
    """Time a call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def memory(task: str) -> float:
    """Measure a fresh process that has made and reset our environment [MiB]."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, task], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout) / 1024
