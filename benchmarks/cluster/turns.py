"""Turns: environments in one process, in processes and on Ray, stepped for a while each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from benchmarks.tools.turns import take_turns
from benchmarks.vectorised import OPTIONS, chunked
from zprl_env import SteeringVecEnv
from zprl_env.vectorised.cluster.envs import RayVecEnv
from zprl_env.vectorised.workers import WorkerVecEnv

TURN = 2.0
"""Length of a turn [s]."""


def _on_ray(makers: list[Callable[[], Any]], each: bool) -> VecEnv:
    workers = len(makers) if each else min(len(makers), os.cpu_count() or 1)
    return RayVecEnv(makers, workers=workers)


WAYS: dict[str, Callable[[list[Callable[[], Any]]], VecEnv]] = {
    "dummy": DummyVecEnv,
    "processes": WorkerVecEnv,
    "ray": partial(_on_ray, each=False),
    "ray, one each": partial(_on_ray, each=True),
}
"""Places of N environments: in this process, in N others, on as many of Ray's workers as there are
cores, or on N of them."""


class Turn(NamedTuple):
    """Findings of a turn.

    Attributes:
        rate: Decisions per second, over all environments.
        share: Time of a core that this process itself took, over the time that passed.
    """

    rate: float
    share: float


def play(envs: VecEnv, seconds: float, found: list[Turn]) -> float:
    """Let base policies decide for a while; the rate."""
    zeros = np.zeros((envs.num_envs, *envs.action_space.shape), np.float32)
    decisions, began, used = 0, time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - began) < seconds or not decisions:
        envs.step(zeros)
        decisions += envs.num_envs
    found.append(Turn(decisions / elapsed, (time.process_time() - used) / elapsed))
    return found[-1].rate


def measure(task: str, count: int, seconds: float) -> dict[str, list[Turn]]:
    """Let all ways take turns with N environments.

    Args:
        task: A name in `TASKS`.
        count: The number of environments.
        seconds: How long in all.

    Returns:
        Turns by the way, but for a first one.
    """
    found: dict[str, list[Turn]] = {}
    turns: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        for way, kind in WAYS.items():
            if way == "ray, one each" and count <= (os.cpu_count() or 1):
                continue  # that is "ray"
            made = SteeringVecEnv(kind([partial(chunked, task)] * count), task, **OPTIONS)
            envs = stack.enter_context(closing(made))
            envs.seed(0)
            envs.reset()
            turns[way] = partial(play, envs, TURN, found.setdefault(way, []))
        take_turns(turns, seconds)
    return {way: turns[1:] for way, turns in found.items()}


def rates(turns: dict[str, list[Any]]) -> dict[str, tuple[float, float]]:
    """Return the median rate and share of each way.

    >>> rates({"ray": [(2.0, 0.5), (4.0, 0.5), (3.0, 0.2)]})
    {'ray': (3.0, 0.5)}
    """
    return {
        way: (median(t[0] for t in all_), median(t[1] for t in all_)) for way, all_ in turns.items()
    }
