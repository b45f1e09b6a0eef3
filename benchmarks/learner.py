"""Time of one gradient step of SAC by network, batch size and library (torch, JAX).

    python -m benchmarks.learner           measure, minutes; keep and print the table
    python -m benchmarks.learner summary   the table of what was measured

Variants of the agent take gradient steps on the same random replay, sized as the steered task is.
They take turns on one core, for JAX takes all that it may, and the medians are reported with the
seconds that the first steps took. SBX, the same algorithms in JAX, is measured where it is
installed (the extra ``sbx``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS, keep, keep_table, measured
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError
from zprl_env.files import make_writable
from zprl_env.training.agents.model import make_model
from zprl_env.training.settings.recipe import Recipe

FILE, TABLE = "learner.json", "learner.md"
OBSERVATION_DIM, ACTION_DIM = 72, 8
"""Of a shipped policy: its embedding and latent, and its latent."""
DECISIONS = 2000
"""Decisions in the replay buffer."""


class Nowhere(gym.Env[np.ndarray, np.ndarray]):
    """Has the spaces of a steered task and nothing else.

    Args:
        observation_dim: Size of the agent's observation.
        action_dim: Size of its action.
    """

    def __init__(
        self, observation_dim: int = OBSERVATION_DIM, action_dim: int = ACTION_DIM
    ) -> None:
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (observation_dim,))
        self.action_space = gym.spaces.Box(-1.0, 1.0, (action_dim,))

    def reset(self, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Return a constant."""
        return np.zeros(self.observation_space.shape or (), np.float32), {}


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Leave this process so many of its cores, where the system can; before JAX looks at them."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def fill(model: OffPolicyAlgorithm) -> OffPolicyAlgorithm:
    """Put random decisions into a model's replay buffer."""
    buffer, rng = model.replay_buffer, np.random.default_rng(0)
    assert buffer is not None
    size, action_size = buffer.observations.shape[-1], buffer.actions.shape[-1]
    for index in range(DECISIONS):
        before, after = rng.standard_normal((2, 1, size), dtype=np.float32)
        action = rng.uniform(-1, 1, (1, action_size)).astype(np.float32)
        over = np.array([index % 15 == 14])
        buffer.add(before, after, action, over.astype(np.float32), over, [{"env_steps": 8}])
    model.set_logger(Logger(None, []))
    return model


def ours(env: DummyVecEnv, hidden: int, *, layer_norm: bool = True, compiled: bool = False) -> SAC:
    """Make the SAC that ``train_sb3.py`` trains, with networks of another width."""
    recipe = replace(
        Recipe(), hidden=(hidden, hidden), layer_norm=layer_norm, buffer_size=DECISIONS
    )
    model = make_model("sac", recipe, env, n_action_steps=8, seed=0)
    assert isinstance(model, SAC)
    if compiled:
        for network in (model.critic, model.critic_target, model.actor.latent_pi):
            network.compile()
    return model


def jax_sac(env: DummyVecEnv, hidden: int) -> OffPolicyAlgorithm:
    """Make SBX's SAC with layer normalisation in the critics."""
    import sbx

    model: OffPolicyAlgorithm = sbx.SAC(
        "MlpPolicy",
        env,
        buffer_size=DECISIONS,
        seed=0,
        policy_kwargs={"net_arch": [hidden, hidden], "layer_norm": True},
    )
    return model


def variants(
    env: DummyVecEnv, *, compiled: bool, cores: int = 1
) -> dict[str, tuple[int, int, Callable[[], OffPolicyAlgorithm]]]:
    """Batch, torch threads and maker of every variant, by name; the first is the default."""
    rows: dict[str, tuple[int, int, Callable[[], OffPolicyAlgorithm]]] = {}
    for hidden, batch in ((128, 128), (256, 256)):
        size = f"2 x {hidden}, batch {batch}"
        rows[f"ours, {size}"] = (batch, 1, partial(ours, env, hidden))
        if cores > 1:
            rows[f"ours, {size}, {cores} threads"] = (batch, cores, partial(ours, env, hidden))
        if compiled:
            rows[f"ours, {size}, compiled"] = (batch, 1, partial(ours, env, hidden, compiled=True))
        plain = partial(ours, env, hidden, layer_norm=False)
        rows[f"MlpPolicy, {size}"] = (batch, 1, plain)
        if find_spec("sbx"):
            rows[f"SBX, {size}"] = (batch, 1, partial(jax_sac, env, hidden))
    return rows


def measure(settings: Run) -> dict[str, dict[str, float]]:
    """Let the variants take turns.

    Returns:
        By variant: microseconds of a gradient step, and seconds of the first one with everything
        that is made for it.
    """
    env = DummyVecEnv([lambda: Nowhere(settings.observation_dim, settings.action_dim)])
    rows = variants(env, compiled=settings.compiled, cores=settings.cores)
    models: dict[str, OffPolicyAlgorithm] = {}
    starts: dict[str, float] = {}
    for name, (batch, threads, make) in rows.items():
        torch.set_num_threads(threads)
        models[name] = fill(make())
        began = time.perf_counter()
        models[name].train(gradient_steps=settings.updates, batch_size=batch)
        starts[name] = time.perf_counter() - began
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(settings.repeats):
        for name, (batch, threads, _) in rows.items():
            torch.set_num_threads(threads)
            began = time.perf_counter()
            models[name].train(gradient_steps=settings.updates, batch_size=batch)
            times[name].append((time.perf_counter() - began) / settings.updates)
    return {
        name: {"microseconds": 1e6 * median(values), "seconds_to_start": starts[name]}
        for name, values in times.items()
    }


def table(out: Path = RESULTS) -> str:
    """Draw up the measurements as a Markdown table.

    Raises:
        ZprlError: Nothing was.
    """
    found = measured(out / FILE, "python -m benchmarks.learner run")["results"]
    rows = [
        [name, f"{row['microseconds']:.0f}", f"{row['seconds_to_start']:.1f}"]
        for name, row in found.items()
    ]
    return markdown.table(["SAC", "us per gradient step", "s to the first"], rows)


@dataclass(frozen=True)
class Summary:
    """Print and write learner.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


@dataclass(frozen=True)
class Run:
    """Measure the cost of a gradient step of SAC, keep it and print the table."""

    observation_dim: int = OBSERVATION_DIM
    """Size of the agent's observation; a shipped policy's embedding and latent by default."""
    action_dim: int = ACTION_DIM
    """Size of its action."""
    repeats: int = 20
    """Times that every variant is measured."""
    updates: int = 20
    """Gradient steps each time."""
    compiled: bool = True
    """Measure torch.compile too, which takes a minute to start."""
    cores: int = 1
    """Cores that all of them may use."""
    out: Path = RESULTS
    """Folder for the results: learner.json and learner.md."""

    def __post_init__(self) -> None:
        for name in ("observation_dim", "action_dim", "repeats", "updates", "cores"):
            if getattr(self, name) < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {getattr(self, name)}.")

    def __call__(self) -> None:
        """Measure."""
        make_writable(self.out)
        with on_cores(self.cores):
            results = measure(self)
        keep(self.out / FILE, {"results": results, "machine": machine()})
        Summary(self.out)()


COMMAND = CommandLine("learner", __doc__, (Run, Summary), default="run")

if __name__ == "__main__":
    COMMAND.main()
